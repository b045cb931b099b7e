//! One call of a script, and the slot of a cluster that it belongs to.

use redis::{Arg, Cmd, Script};

/// How many slots the keys of a cluster are dealt out to.
pub(super) const SLOTS: u16 = 16_384;

/// Where the first key stands in `EVALSHA hash count key …`.
const FIRST_KEY: usize = 3;

/// A call of a script. All its keys carry one hash tag, so that they are on one node.
pub struct Call<'a> {
    pub(super) script: &'a Script,
    pub(super) command: Cmd,
}

impl<'a> Call<'a> {
    /// A call of `script` over `keys` with `arguments`.
    pub fn new<K: AsRef<str>>(script: &'a Script, keys: &[K], arguments: &[&[u8]]) -> Self {
        let bytes: usize = keys.iter().map(|key| key.as_ref().len()).sum::<usize>()
            + arguments.iter().map(|argument| argument.len()).sum::<usize>();
        let mut command = Cmd::with_capacity(3 + keys.len() + arguments.len(), 64 + bytes);
        command.arg("EVALSHA").arg(script.get_hash()).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        for argument in arguments {
            command.arg(*argument);
        }
        Self { script, command }
    }

    /// The slot of its keys, which is that of the first.
    pub(super) fn slot(&self) -> u16 {
        match self.command.args_iter().nth(FIRST_KEY) {
            Some(Arg::Simple(key)) => crc16(hash_tag(key)) % SLOTS,
            _ => 0,
        }
    }
}

/// The part of a key that decides on its slot (Redis Cluster specification, "hash tags").
fn hash_tag(key: &[u8]) -> &[u8] {
    let place_of = |text: &[u8], wanted| text.iter().position(|byte| *byte == wanted);
    let tag = place_of(key, b'{').and_then(|open| {
        let rest = &key[open + 1..];
        place_of(rest, b'}').map(|close| &rest[..close])
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

/// CRC-16/XMODEM, the checksum that the Redis Cluster specification prescribes.
fn crc16(bytes: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0x1021;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc: u16, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_stands_in_the_first_braces() {
        for (key, tag) in [("{s1}:a:x", "s1"), ("a{s1}{s2}", "s1"), ("plain", "plain"), ("{}x", "{}x"), ("{x", "{x")] {
            assert_eq!(hash_tag(key.as_bytes()), tag.as_bytes(), "{key}");
        }
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        let script = Script::new("return 1");
        assert_eq!(Call::new(&script, &["a{foo}", "b{foo}"], &[b"x"]).slot(), 12_182);
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b"foo") % SLOTS, 12_182);
        assert_eq!(crc16(b"user1000") % SLOTS, 3_443);
    }
}
