//! Who may do what: one table that every decision asks, and `functions/README.md` shows.

use std::fmt;

use crate::Error;
use crate::domain::Role;
use crate::error::Reason;

/// Something that people do, or that happens to them, in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look a room up.
    Find,
    /// Join it.
    Join,
    /// Leave it.
    Leave,
    /// Turn an invitation down.
    Decline,
    /// Say something.
    Speak,
    /// React to what was said.
    React,
    /// Say something else than one said before.
    Edit,
    /// Take back what one said oneself.
    TakeBack,
    /// Delete what others said.
    DeleteOthers,
    /// Pin what was said.
    Pin,
    /// Call everybody in a message.
    MentionEveryone,
    /// Show that one is typing.
    Type,
    /// Read what was said.
    Read,
    /// Get what one missed.
    Sync,
    /// Say how far one has read.
    Note,
    /// Hear what is said.
    Hear,
    /// See who comes and goes.
    Watch,
    /// See who is in a room.
    ListMembers,
    /// Invite somebody, or withdraw that.
    Invite,
    /// Mute somebody, or end that.
    Mute,
    /// Put somebody out.
    Kick,
    /// Ban somebody, end that, or see who is banned.
    Ban,
    /// Change what the room is.
    Change,
    /// Give and take roles.
    Appoint,
    /// Delete the room.
    Delete,
}

/// What somebody is to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// A member with the highest role.
    Owner,
    /// A member who keeps order.
    Moderator,
    /// A member like any other.
    Member,
    /// A member who may not speak, whatever the role.
    Muted,
    /// No member, but asked to become one.
    Invited,
    /// May not become a member of this public room.
    Banned,
    /// Has nothing to do with this public room.
    NonMember,
    /// Has nothing to do with this private room, or is banned from it: it is not there for them.
    NonMemberOfPrivate,
    /// One of two people.
    Peer,
    /// One of two people, who has blocked the other.
    Blocker,
    /// One of two people, whom the other has blocked.
    Blocked,
    /// Neither of the two.
    NonParticipant,
}

/// What becomes of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Yes,
    /// It is not refused, and does not reach them.
    Unseen,
    /// Refused, as if there were no such thing.
    NotFound,
    /// Refused, for this reason.
    Forbidden(Reason),
}

use Relationship::{
    Banned, Blocked, Blocker, Invited, Member, Moderator, Muted, NonMember, NonMemberOfPrivate,
    NonParticipant, Owner, Peer,
};
use Verdict::{Forbidden, NotFound as N, Unseen as U, Yes as Y};

/// The role does not allow it.
const R: Verdict = Forbidden(Reason::Role);
/// For members.
const M: Verdict = Forbidden(Reason::NotAMember);
/// Not for whoever is muted.
const Q: Verdict = Forbidden(Reason::Muted);
/// Not for whoever is banned.
const B: Verdict = Forbidden(Reason::Banned);
/// Not while one blocks the other.
const X: Verdict = Forbidden(Reason::Blocking);
/// Not while the other blocks one.
const Z: Verdict = Forbidden(Reason::Blocked);
/// Only for whoever said it.
const O: Verdict = Forbidden(Reason::NotYours);
/// For the two alone.
const T: Verdict = Forbidden(Reason::NotYours);

/// The people of the table about rooms, column by column.
pub const ROOM_RELATIONSHIPS: [Relationship; 8] =
    [Owner, Moderator, Member, Muted, Invited, Banned, NonMember, NonMemberOfPrivate];
/// The people of the table about direct conversations, column by column.
pub const DIRECT_RELATIONSHIPS: [Relationship; 4] = [Peer, Blocker, Blocked, NonParticipant];

/// In rooms.
pub const ROOM_RULES: [(Action, [Verdict; 8]); 25] = [
    (Action::Find, [Y, Y, Y, Y, Y, Y, Y, N]),
    (Action::Join, [Y, Y, Y, Y, Y, B, Y, N]),
    (Action::Leave, [Y, Y, Y, Y, Y, Y, Y, N]),
    (Action::Decline, [N, N, N, N, Y, N, N, N]),
    (Action::Speak, [Y, Y, Y, Q, M, B, M, N]),
    (Action::React, [Y, Y, Y, Q, M, B, M, N]),
    (Action::Edit, [Y, Y, Y, Q, M, B, M, N]),
    (Action::TakeBack, [Y, Y, Y, Y, M, B, M, N]),
    (Action::DeleteOthers, [Y, Y, R, R, M, B, M, N]),
    (Action::Pin, [Y, Y, R, R, M, B, M, N]),
    (Action::MentionEveryone, [Y, Y, R, Q, M, B, M, N]),
    (Action::Type, [Y, Y, Y, Q, M, B, M, N]),
    (Action::Read, [Y, Y, Y, Y, M, B, M, N]),
    (Action::Sync, [Y, Y, Y, Y, M, B, M, N]),
    (Action::Note, [Y, Y, Y, Y, M, B, M, N]),
    (Action::Hear, [Y, Y, Y, Y, U, U, U, U]),
    (Action::Watch, [Y, Y, Y, Y, U, U, U, U]),
    (Action::ListMembers, [Y, Y, Y, Y, M, B, M, N]),
    (Action::Invite, [Y, Y, R, R, M, B, M, N]),
    (Action::Mute, [Y, Y, R, R, M, B, M, N]),
    (Action::Kick, [Y, Y, R, R, M, B, M, N]),
    (Action::Ban, [Y, Y, R, R, M, B, M, N]),
    (Action::Change, [Y, R, R, R, M, B, M, N]),
    (Action::Appoint, [Y, R, R, R, M, B, M, N]),
    (Action::Delete, [Y, R, R, R, M, B, M, N]),
];

/// Between two people.
pub const DIRECT_RULES: [(Action, [Verdict; 4]); 13] = [
    (Action::Speak, [Y, X, Z, T]),
    (Action::React, [Y, X, Z, T]),
    (Action::Edit, [Y, X, Z, T]),
    (Action::TakeBack, [Y, Y, Y, T]),
    (Action::DeleteOthers, [O, O, O, T]),
    (Action::Pin, [R, R, R, T]),
    (Action::MentionEveryone, [R, X, Z, T]),
    (Action::Type, [Y, U, U, T]),
    (Action::Read, [Y, Y, Y, T]),
    (Action::Sync, [Y, Y, Y, T]),
    (Action::Note, [Y, U, U, T]),
    (Action::Hear, [Y, Y, Y, U]),
    (Action::Watch, [Y, U, U, U]),
];

/// What one of two people is to their conversation, by who has blocked whom.
pub fn between_two(blocks: bool, is_blocked: bool) -> Relationship {
    match (blocks, is_blocked) {
        (true, _) => Blocker,
        (false, true) => Blocked,
        (false, false) => Peer,
    }
}

/// What becomes of `action` when somebody of this standing tries it.
pub fn verdict(action: Action, relationship: Relationship) -> Verdict {
    fn cell<const N: usize>(
        rules: &[(Action, [Verdict; N])],
        people: &[Relationship],
        (action, relationship): (Action, Relationship),
    ) -> Option<Verdict> {
        let column = people.iter().position(|one| *one == relationship)?;
        let (_, row) = rules.iter().find(|(one, _)| *one == action)?;
        row.get(column).copied()
    }
    let asked = (action, relationship);
    cell(&ROOM_RULES, &ROOM_RELATIONSHIPS, asked)
        .or_else(|| cell(&DIRECT_RULES, &DIRECT_RELATIONSHIPS, asked))
        .unwrap_or(R)
}

/// Refuses what the table refuses.
pub fn check(action: Action, relationship: Relationship) -> Result<(), Error> {
    match verdict(action, relationship) {
        Y | U => Ok(()),
        N if action == Action::Decline && relationship != NonMemberOfPrivate => {
            Err(Error::NotFound("invitation"))
        }
        N => Err(Error::NotFound("room")),
        Forbidden(reason) => Err(Error::Forbidden(reason)),
    }
}

/// Whether the table lets it happen for everybody to see.
pub fn allows(action: Action, relationship: Relationship) -> bool {
    verdict(action, relationship) == Y
}

/// Refuses what would be done to somebody of an equal or a higher role.
pub fn check_outranks(actor: Role, target: Role) -> Result<(), Error> {
    if actor > target { Ok(()) } else { Err(Error::Forbidden(Reason::Role)) }
}

/// Both tables as `functions/README.md` has them.
pub fn tables() -> String {
    format!(
        "{}\n{}",
        table("in a room", &ROOM_RELATIONSHIPS, &ROOM_RULES),
        table("between two people", &DIRECT_RELATIONSHIPS, &DIRECT_RULES)
    )
}

fn table<const N: usize>(
    title: &str,
    people: &[Relationship; N],
    rules: &[(Action, [Verdict; N])],
) -> String {
    let mut text = format!("| {title} |");
    text.extend(people.iter().map(|relationship| format!(" {relationship} |")));
    text.push_str(&format!("\n|{}\n", "---|".repeat(N + 1)));
    for (action, row) in rules {
        text.push_str(&format!("| {action} |"));
        text.extend(row.iter().map(|verdict| format!(" {verdict} |")));
        text.push('\n');
    }
    text
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Find => "look it up",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Decline => "decline an invitation",
            Self::Speak => "say something",
            Self::React => "react to what was said",
            Self::Edit => "edit what one said",
            Self::TakeBack => "delete what one said",
            Self::DeleteOthers => "delete what others said",
            Self::Pin => "pin what was said",
            Self::MentionEveryone => "mention everyone",
            Self::Type => "show that one types",
            Self::Read => "read what was said",
            Self::Sync => "sync",
            Self::Note => "say how far one has read",
            Self::Hear => "hear what is said",
            Self::Watch => "see who comes and goes",
            Self::ListMembers => "see who is in it",
            Self::Invite => "invite, withdraw that",
            Self::Mute => "mute, unmute",
            Self::Kick => "kick",
            Self::Ban => "ban, unban, see who is banned",
            Self::Change => "change the room",
            Self::Appoint => "give and take roles",
            Self::Delete => "delete the room",
        })
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Owner => "owner",
            Moderator => "moderator",
            Member => "member",
            Muted => "muted",
            Invited => "invited",
            Banned => "banned",
            NonMember => "anybody, public",
            NonMemberOfPrivate => "anybody, private",
            Peer => "the two",
            Blocker => "who blocks",
            Blocked => "who is blocked",
            NonParticipant => "anybody else",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Y => f.write_str("yes"),
            U => f.write_str("unseen"),
            N => f.write_str("`not_found`"),
            Forbidden(reason) => write!(f, "`{}`", reason.as_str()),
        }
    }
}
