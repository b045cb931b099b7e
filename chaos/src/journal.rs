//! A file of what was done and seen, each line on the disk before whoever wrote it goes on.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::oneshot;

/// How many lines may wait for one write to the disk.
const BATCH_MAX: usize = 1_024;

/// The file. Cloned freely; lines that wait at the same time share one write to the disk.
#[derive(Clone)]
pub struct Journal {
    lines: mpsc::Sender<Line>,
    began: Instant,
}

struct Line {
    text: String,
    written: oneshot::Sender<()>,
}

impl Journal {
    /// A new file.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn create(path: &Path) -> Self {
        let file = File::create(path).unwrap();
        let (lines, waiting) = mpsc::channel();
        std::thread::spawn(move || keep(file, &waiting));
        Self { lines, began: Instant::now() }
    }

    /// The time since the run began, by which everything is dated.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Writes one line, and returns when it is on the disk.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn write(&self, line: &impl Serialize) {
        self.send(line).await.unwrap();
    }

    /// The same from a thread that has nothing else to do.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_now(&self, line: &impl Serialize) {
        self.send(line).blocking_recv().unwrap();
    }

    fn send(&self, line: &impl Serialize) -> oneshot::Receiver<()> {
        let mut text = serde_json::to_string(&(self.now().as_micros(), line)).unwrap();
        text.push('\n');
        let (written, heard) = oneshot::channel();
        self.lines.send(Line { text, written }).unwrap();
        heard
    }
}

fn keep(mut file: File, waiting: &mpsc::Receiver<Line>) {
    while let Ok(first) = waiting.recv() {
        let lines: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(BATCH_MAX)).collect();
        let text: String = lines.iter().map(|line| line.text.as_str()).collect();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_data().unwrap();
        for line in lines {
            // Whoever waited may have been cancelled with its request.
            let _gone = line.written.send(());
        }
    }
}
