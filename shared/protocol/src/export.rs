//! What somebody takes with them: a line of JSON for each thing, told apart by its `type`.

use serde::{Deserialize, Serialize};

use crate::{Block, MemberView, MessageView, Person, RoomView, Seq, SettingsView, Timestamp};

/// One line of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ExportLine {
    /// Whose it is.
    Person(Person),
    /// Somebody they have blocked.
    Block(Block),
    /// A conversation they take part in; its messages follow.
    Conversation {
        /// Its id.
        conversation: String,
        /// Since when.
        joined_at: Timestamp,
        /// The last message they have read.
        read_seq: Option<Seq>,
        /// What they have decided about it.
        settings: SettingsView,
    },
    /// A room that is exported; its messages follow.
    Room(RoomView),
    /// Somebody in the room.
    Member(MemberView),
    /// What was said.
    Message(Box<MessageView>),
}
