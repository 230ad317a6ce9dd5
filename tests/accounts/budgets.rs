//! What accounts cost: a look-up for every connection and HTTP request, and nothing for a message.

use crate::support::Chat;

#[tokio::test]
async fn a_connection_costs_one_read_more_and_a_message_none() {
    let open = Chat::start().await;
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let coming = ["Update", "Update", "Query", "Query"];

    let (mut opens, mut others) = (open.joined_by("alice").await, open.joined_by("bob").await);
    open.meter.has_answered(&[coming, coming].concat()).await;
    opens.hears_nothing(&open).await;
    others.hears_nothing(&open).await;
    open.meter.take();
    opens.says("bob", "one").await;
    others.sees_a("message").await;
    let first_without = open.meter.take();
    opens.says("bob", "two").await;
    others.sees_a("message").await;
    let without = open.meter.take();

    chat.meter.take();
    let mut alices = chat.joined_by_member(&alice).await;
    let mut bobs = chat.joined_by_member(&bob).await;
    chat.meter.has_answered(&[&coming[..], &coming, &["Get", "Get"]].concat()).await;
    alices.hears_nothing(&chat).await;
    bobs.hears_nothing(&chat).await;
    chat.meter.take();
    alices.says(&bob.id, "one").await;
    bobs.sees_a("message").await;
    // The transaction that begins a conversation asks for the account as well.
    let first = chat.meter.take();
    assert_eq!((first.writes, first.reads), (first_without.writes, first_without.reads));
    assert_eq!(first.round_trips, first_without.round_trips);
    alices.says(&bob.id, "two").await;
    bobs.sees_a("message").await;
    assert_eq!(chat.meter.take(), without);
}
