//! The mechanisms that are broken one at a time.

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Broken {
    /// A message is put whether or not its number is free.
    PutUnconditionally,
    /// Messages are kept by their time: two in the same millisecond are one.
    SameMillisecond,
    /// Whoever finds a number taken does not see that it is by the very same message.
    OccupantUnseen,
    /// Two first messages need not agree where the log starts.
    StartTwice,
    /// Inboxes are read before the message is stored.
    InboxBeforePut,
    /// A message that nobody took leaves no mark.
    NoMark,
    /// A mark may rise.
    MarksRise,
    /// After a mark nobody looks whether a connection came meanwhile.
    BlindMark,
    /// A sender under a mark notes no late write for whoever delivers the backlog.
    NoTrace,
    /// A backlog delivery ends whatever happened meanwhile.
    FinishBlindly,
    /// A connection counts before its handshake is through.
    ReadyAtOnce,
    /// A push that is answered 410 forgets another connection of the user.
    PruneAnother,
    /// To forget a user's connection fails, as an empty set would.
    EmptySet,
    /// A connection is forgotten long before API Gateway ends it.
    ShortLived,
    /// After one failed push the others are left out.
    OneFailsAll,
    /// Everybody counts as a member.
    NoMembership,
    /// Of the members only the first page is read.
    OnePage,
    /// What finds no room in an inbox leaves no mark that more waits.
    NoOverflow,
    /// An inbox does not show which sessions have ended.
    EndedUnseen,
    /// A connection that would be closed is only forgotten.
    NotClosed,
    /// Whoever connects does not see the user's other connections.
    Uncounted,
    /// What somebody begins does not see that their account is being deleted.
    ClosedUnseen,
    /// Who was away is not told that something was skipped.
    SkipUntold,
    /// What goes by the stream is not marked for it.
    NoWake,
    /// A wake counts as served although another invocation is still at it.
    Unpassed,
    /// What was brought by the stream ends a message later than it does.
    HandedTooFar,
    /// Who is in a room is remembered for a while.
    MembersRemembered,
    /// The inboxes of a room's members are remembered for a while.
    InboxesRemembered,
    /// What is to be brought is read from its end to its beginning.
    LogReversed,
    /// If nobody takes several messages, the mark is the last of them.
    MarkedByLast,
    /// A repeat goes by the stream whichever way the message went that is stored.
    RepeatDecidesAnew,
    /// A message does not change with its event.
    ItemUnchanged,
    /// A message changes a while after its event is stored.
    ItemLater,
    /// A message changes whatever became of it since it was read.
    ItemBlindly,
    /// The words of an edit are left behind by what comes after it.
    WordsLeft,
    /// Whoever edits a message counts as its author.
    AnyAuthor,
    /// A client takes the copy that comes last for the newest.
    RevisedUnheeded,
    /// A client counts an event as part of the copy as soon as it has come.
    RevisedRaised,
    /// A client forgets events of messages that it does not have.
    EventsForgotten,
    /// A client counts an event again that comes again.
    EventsTwice,
    /// A client goes on showing what came before a part of the log that is skipped.
    CopiesKept,
    /// Whatever is read is read twice.
    ReadTwice,
}

impl Broken {
    /// Every mechanism, with the first seed whose world is known to notice that it is missing. Not among
    /// them: that notifications differ, since no world is known in which two follow each other with nothing
    /// in between; and that the mark for what is not listed is cleared by whoever told of it, which
    /// `tests/handing_over.rs` tries; nor that only one delivers a backlog, or brings the messages of a room,
    /// at a time: without that they would come twice, but in order, since a page is one frame; nor that several
    /// messages are covered by a mark only from their first on, which `tests/fan_out.rs` tries, and
    /// traced by their last, which `tests/handing_over.rs` does. Nor that an old copy is
    /// pushed to a connection that came since, or a page read for one that is not noted as ready: these take
    /// three people in the same few milliseconds, and `tests/young_connections.rs` tries both.
    pub(crate) const ALL: [(Self, u64); 42] = [
        (Self::PutUnconditionally, 2),
        (Self::SameMillisecond, 0),
        (Self::OccupantUnseen, 42),
        (Self::StartTwice, 35),
        (Self::InboxBeforePut, 102),
        (Self::NoMark, 0),
        (Self::MarksRise, 972),
        (Self::BlindMark, 1479),
        (Self::NoTrace, 420),
        (Self::FinishBlindly, 420),
        (Self::ReadyAtOnce, 12),
        (Self::PruneAnother, 2),
        (Self::EmptySet, 4),
        (Self::ShortLived, 9),
        (Self::OneFailsAll, 7),
        (Self::NoMembership, 0),
        (Self::OnePage, 2),
        (Self::NoOverflow, 3),
        (Self::EndedUnseen, 0),
        (Self::NotClosed, 6),
        (Self::Uncounted, 7),
        (Self::ClosedUnseen, 6),
        (Self::SkipUntold, 61),
        (Self::NoWake, 1),
        (Self::Unpassed, 31),
        (Self::HandedTooFar, 2),
        (Self::MembersRemembered, 6),
        (Self::InboxesRemembered, 2),
        (Self::LogReversed, 2),
        (Self::MarkedByLast, 10),
        (Self::RepeatDecidesAnew, 57),
        (Self::ItemUnchanged, 1),
        (Self::ItemLater, 2),
        (Self::ItemBlindly, 231),
        (Self::WordsLeft, 84),
        (Self::AnyAuthor, 2),
        (Self::RevisedUnheeded, 174),
        (Self::RevisedRaised, 15),
        (Self::EventsForgotten, 525),
        (Self::EventsTwice, 2),
        (Self::CopiesKept, 941),
        (Self::ReadTwice, 0),
    ];
}
