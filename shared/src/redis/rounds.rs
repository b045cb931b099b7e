//! Calls on their way: each round sends every call that is due, those of one node in one pipeline, and what a node
//! did not carry out, and why, decides on the next round.

use std::sync::Arc;

use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

use super::call::Call;
use super::cluster::Cluster;
use super::link::Link;

/// Enough for a script that is forgotten, a slot that has moved and a script that the new node lacks, and one to spare.
pub(super) const ROUNDS_MAX: usize = 4;

/// A call that is due.
pub(super) struct Due {
    place: usize,
    /// The node has forgotten the script: send it along.
    load: bool,
    /// Another node pointed to this one.
    pointed: Option<Pointed>,
}

struct Pointed {
    address: String,
    /// The slot is on its way there, and only who asks is served.
    asking: bool,
}

/// The calls of one node in one round.
pub(super) struct Group {
    link: Arc<Link>,
    due: Vec<Due>,
}

impl Due {
    /// The call at `place`, for the first time.
    pub(super) const fn first(place: usize) -> Self {
        Self { place, load: false, pointed: None }
    }

    /// Where the call stands among the others.
    pub(super) const fn place(&self) -> usize {
        self.place
    }

    /// The node that another one pointed to.
    pub(super) fn link(&self, cluster: &Cluster) -> Option<Arc<Link>> {
        self.pointed.as_ref().and_then(|pointed| cluster.link_to(&pointed.address))
    }

    /// The same call once more, where the answer says that it was not carried out and what to change.
    pub(super) fn again(self, error: &RedisError) -> Option<Self> {
        let pointed = |asking| {
            let (address, _) = error.redirect_node()?;
            Some(Pointed { address: address.to_owned(), asking })
        };
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoScript) => Some(Self { load: true, ..self }),
            ErrorKind::Server(ServerErrorKind::Moved) => Some(Self { pointed: pointed(false), ..self }),
            ErrorKind::Server(ServerErrorKind::Ask) => Some(Self { pointed: pointed(true), ..self }),
            _ => None,
        }
    }

    fn is_asking(&self) -> bool {
        self.pointed.as_ref().is_some_and(|pointed| pointed.asking)
    }
}

/// Adds a call to the group of its node.
pub(super) fn add_to(groups: &mut Vec<Group>, link: &Arc<Link>, due: Due) {
    match groups.iter_mut().find(|group| Arc::ptr_eq(&group.link, link)) {
        Some(group) => group.due.push(due),
        None => groups.push(Group { link: Arc::clone(link), due: vec![due] }),
    }
}

impl Group {
    /// Sends the calls to their node, after the scripts that it has forgotten.
    pub(super) async fn send(self, calls: &[Call<'_>]) -> Vec<(Due, RedisResult<Value>)> {
        let (pipeline, answered) = self.pipeline(calls);
        let sent = match self.load(calls).await {
            Ok(()) => self.link.send(&pipeline).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(mut answers) => {
                let take = |place: usize| std::mem::replace(&mut answers[place], Value::Nil).extract_error();
                let answers: Vec<_> = answered.into_iter().map(take).collect();
                self.due.into_iter().zip(answers).collect()
            }
            Err(error) => self.due.into_iter().map(|due| (due, Err(error.clone()))).collect(),
        }
    }

    async fn load(&self, calls: &[Call<'_>]) -> RedisResult<()> {
        let mut loaded: Vec<&str> = Vec::new();
        for due in self.due.iter().filter(|due| due.load) {
            let script = calls[due.place].script;
            if !loaded.contains(&script.get_hash()) {
                loaded.push(script.get_hash());
                self.link.load(script).await?;
            }
        }
        Ok(())
    }

    /// All calls, and where in the pipeline each call's answer will stand.
    fn pipeline(&self, calls: &[Call<'_>]) -> (Pipeline, Vec<usize>) {
        let mut pipeline = Pipeline::with_capacity(self.due.len());
        let mut answered = Vec::with_capacity(self.due.len());
        for due in &self.due {
            if due.is_asking() {
                let mut asking = Cmd::new();
                asking.arg("ASKING");
                pipeline.add_command(asking);
            }
            answered.push(pipeline.len());
            pipeline.add_command(calls[due.place].command.clone());
        }
        (pipeline, answered)
    }
}
