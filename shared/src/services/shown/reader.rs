//! What a message shows to one reader and not to another: what others say whom it answers, and whether the
//! reader reacted to it.

use std::collections::BTreeSet;

use super::quotes;
use crate::domain::{Change, Event, Message, MessageBody, Reaction, Said, Seq, UserId};
use crate::{App, Error};

/// Fits messages of one conversation to `user`, who may read from `first` on. It costs nothing unless more
/// people reacted to one of them than it names.
pub async fn fit(
    app: &App,
    (user, first): (&UserId, Seq),
    messages: &mut [Message],
) -> Result<(), Error> {
    hide_before(first, messages);
    let Some(conversation) = messages.first().map(|message| message.conversation.clone()) else {
        return Ok(());
    };
    let unnamed = messages.iter().filter(|message| !names_all(message)).map(|message| message.seq);
    let unnamed: BTreeSet<_> = unnamed.collect();
    let own = app.store.own_reactions(&conversation, user, &unnamed).await?;
    for message in messages {
        let own = own.get(&message.seq);
        if let MessageBody::Said(Said { reactions, .. }) = &mut message.body {
            for reaction in reactions {
                reaction.mine = reaction.users.contains(user)
                    || own.is_some_and(|keys| keys.contains(&reaction.key));
            }
        }
    }
    Ok(())
}

/// Whether messages look the same to everybody who may read from `first` on.
pub fn is_same_for_all(messages: &[Message], first: Seq) -> bool {
    let shows = |message: &Message| {
        let shown = quotes::answered(message).or(message.body.of());
        shown.is_none_or(|seq| seq >= first)
    };
    messages.iter().all(|message| names_all(message) && shows(message))
}

fn names_all(message: &Message) -> bool {
    message.body.said().is_none_or(|said| said.reactions.iter().all(Reaction::names_all))
}

/// Takes away what messages quote from before `first`, and what they say now that said something else there.
fn hide_before(first: Seq, messages: &mut [Message]) {
    for message in messages {
        match &mut message.body {
            MessageBody::Said(Said { reply_to: Some(reply), .. }) if reply.seq < first => {
                reply.original = None;
            }
            MessageBody::Event(Event { of, change: Change::Edited(wording) }) if *of < first => {
                *wording = None;
            }
            _ => {}
        }
    }
}
