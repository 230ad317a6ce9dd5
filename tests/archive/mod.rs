//! What has expired goes to the archive, and is read from there behind the same numbers.

mod bucket;
mod deleting;
mod reading;
mod support;
