use object_store::memory::InMemory;
use serde_json::json;

use super::*;

fn archive() -> Archive {
    Archive::new(Arc::new(InMemory::new()))
}

fn lobby() -> ConversationId {
    ConversationId::Lobby
}

fn messages(numbers: impl IntoIterator<Item = Seq>) -> Vec<Archived> {
    let message = |seq| {
        let Value::Object(attributes) = json!({ "content": format!("the {seq}th") }) else {
            unreachable!("an object")
        };
        Archived { seq, attributes }
    };
    numbers.into_iter().map(message).collect()
}

async fn read(archive: &Archive, window: RangeInclusive<Seq>, direction: Direction) -> Vec<Seq> {
    let read = archive.read(&lobby(), &window, direction, 3).await.unwrap();
    read.iter().map(|message| message.seq).collect()
}

#[tokio::test]
async fn what_was_put_comes_back_as_it_was() {
    let archive = archive();
    archive.put(&lobby(), messages([7, 5, 6])).await.unwrap();
    let read = archive.read(&lobby(), &(0..=99), Direction::Upwards, 10).await.unwrap();
    assert_eq!(read, messages([5, 6, 7]));
}

#[tokio::test]
async fn a_page_is_what_lies_nearest_to_the_end_it_is_read_from() {
    let archive = archive();
    for batch in [vec![998, 999, 1000, 1001], vec![5], vec![2005, 3, 1002], vec![1000, 4]] {
        archive.put(&lobby(), messages(batch)).await.unwrap();
    }
    assert_eq!(read(&archive, 0..=9999, Direction::Upwards).await, [3, 4, 5]);
    assert_eq!(read(&archive, 5..=9999, Direction::Upwards).await, [5, 998, 999]);
    assert_eq!(read(&archive, 1000..=9999, Direction::Upwards).await, [1000, 1001, 1002]);
    assert_eq!(read(&archive, 0..=9999, Direction::Downwards).await, [1001, 1002, 2005]);
    assert_eq!(read(&archive, 0..=999, Direction::Downwards).await, [5, 998, 999]);
    assert_eq!(read(&archive, 6..=997, Direction::Downwards).await, [0; 0]);
}

#[tokio::test]
async fn the_same_batch_twice_makes_the_same_objects() {
    let archive = archive();
    for _ in 0..2 {
        archive.put(&lobby(), messages([1, 2])).await.unwrap();
    }
    let objects: Vec<_> = archive.store.list(None).try_collect().await.unwrap();
    assert_eq!(objects.len(), 1);
    archive.put(&lobby(), messages([2])).await.unwrap();
    assert_eq!(read(&archive, 0..=9, Direction::Upwards).await, [1, 2]);
}

#[tokio::test]
async fn only_the_conversation_is_erased() {
    let archive = archive();
    let [one, other] = ["dm:a:b", "dm:a:bc"].map(|id| ConversationId::parse(id).unwrap());
    for conversation in [&one, &other] {
        archive.put(conversation, messages([1])).await.unwrap();
    }
    archive.erase(&one).await.unwrap();
    for (conversation, left) in [(&one, 0), (&other, 1)] {
        let read = archive.read(conversation, &(0..=9), Direction::Upwards, 10).await.unwrap();
        assert_eq!(read.len(), left, "{conversation}");
    }
}

#[tokio::test]
async fn what_lies_between_others_is_found_behind_many_objects() {
    let archive = archive();
    for far in 100..100 + Seq::try_from(CONCURRENT).unwrap() {
        archive.put(&lobby(), messages([1, far])).await.unwrap();
    }
    archive.put(&lobby(), messages([2])).await.unwrap();
    assert_eq!(read(&archive, 0..=999, Direction::Upwards).await, [1, 2, 100]);
    archive.put(&lobby(), messages([106])).await.unwrap();
    assert_eq!(read(&archive, 0..=106, Direction::Downwards).await, [104, 105, 106]);
}
