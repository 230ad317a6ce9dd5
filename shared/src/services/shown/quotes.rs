//! What messages show of others that they answer: read when they are read, so that it follows what becomes of
//! these.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{ConversationId, Message, MessageBody, Original, Seq};
use crate::{App, Error};

/// The message `seq` as an answer to it shows it; `None` if nobody said it, or it is gone.
pub(crate) async fn original(
    app: &App,
    conversation: &ConversationId,
    seq: Seq,
) -> Result<Option<Original>, Error> {
    let found = app.store.messages_at(conversation, &BTreeSet::from([seq])).await?;
    Ok(found.first().and_then(original_of))
}

/// Looks up what messages of one conversation answer. What is among them costs nothing; the rest costs a
/// request for a hundred.
pub async fn fill(app: &App, messages: &mut [Message]) -> Result<(), Error> {
    let Some(first) = messages.first() else { return Ok(()) };
    let conversation = first.conversation.clone();
    let wanted: BTreeSet<_> = messages.iter().filter_map(answered).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let here = messages.iter().filter(|message| wanted.contains(&message.seq));
    let mut originals: BTreeMap<_, _> =
        here.filter_map(|message| Some((message.seq, original_of(message)?))).collect();
    let missing = wanted.into_iter().filter(|seq| !originals.contains_key(seq)).collect();
    let found = app.store.messages_at(&conversation, &missing).await?;
    originals.extend(found.iter().filter_map(|it| Some((it.seq, original_of(it)?))));
    for message in messages {
        if let MessageBody::Said(said) = &mut message.body
            && let Some(reply) = &mut said.reply_to
        {
            reply.original = originals.get(&reply.seq).cloned();
        }
    }
    Ok(())
}

/// The message that this one answers.
pub fn answered(message: &Message) -> Option<Seq> {
    Some(message.body.said()?.reply_to.as_ref()?.seq)
}

fn original_of(message: &Message) -> Option<Original> {
    let said = message.body.said()?;
    Some(Original {
        from: message.from.clone(),
        content: said.wording.as_ref().map(|wording| wording.content.clone()),
        revised: said.revised,
    })
}
