//! What an object holds: a line of JSON for each message, compressed.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Archived;
use crate::Error;
use crate::domain::Seq;
use crate::error::storage;

/// One line.
#[derive(Deserialize, Serialize)]
struct Line {
    seq: Seq,
    #[serde(flatten)]
    attributes: Map<String, Value>,
}

/// The lines of messages.
pub(super) fn lines(messages: &[Archived]) -> Result<String, Error> {
    let mut lines = String::new();
    for Archived { seq, attributes } in messages {
        let line = Line { seq: *seq, attributes: attributes.clone() };
        lines += &serde_json::to_string(&line).map_err(storage("write a message as JSON"))?;
        lines.push('\n');
    }
    Ok(lines)
}

/// The same compressed; the same lines give the same bytes.
pub(super) fn compress(lines: &str) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(lines.as_bytes()).and_then(|()| encoder.finish());
    written.map_err(storage("compress messages"))
}

/// The messages of an object.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Archived>, Error> {
    let mut lines = String::new();
    let read = GzDecoder::new(bytes).read_to_string(&mut lines);
    read.map_err(storage("decompress archived messages"))?;
    let messages = lines.lines().map(|line| {
        let Line { seq, attributes } =
            serde_json::from_str(line).map_err(storage("read an archived message"))?;
        Ok(Archived { seq, attributes })
    });
    messages.collect()
}
