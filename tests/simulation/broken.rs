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
    /// A sender under a mark leaves no trace for whoever drains.
    NoTrace,
    /// A drain ends whatever happened meanwhile.
    FinishBlindly,
    /// Anybody may drain at any time.
    NoLease,
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
    /// The mark that more waits is cleared whatever was added since its owner was told.
    OverflowBlindly,
    /// An inbox does not show which sessions have ended.
    EndedUnseen,
    /// A connection that would be closed is only forgotten.
    NotClosed,
    /// Whoever connects does not see the user's other connections.
    Uncounted,
    /// What somebody begins does not see that their account is being deleted.
    ClosedUnseen,
    /// Whatever is read is read twice.
    ReadTwice,
}

impl Broken {
    /// Every mechanism, with the first seed whose world noticed that it was missing. That wake-ups
    /// differ is not among them: no world is known in which two follow each other with nothing in
    /// between.
    pub(crate) const ALL: [(Self, u64); 24] = [
        (Self::PutUnconditionally, 2),
        (Self::SameMillisecond, 0),
        (Self::OccupantUnseen, 0),
        (Self::StartTwice, 164),
        (Self::InboxBeforePut, 1566),
        (Self::NoMark, 0),
        (Self::MarksRise, 1811),
        (Self::BlindMark, 354),
        (Self::NoTrace, 11),
        (Self::FinishBlindly, 11),
        (Self::NoLease, 2653),
        (Self::ReadyAtOnce, 1395),
        (Self::PruneAnother, 1),
        (Self::EmptySet, 0),
        (Self::ShortLived, 163),
        (Self::OneFailsAll, 0),
        (Self::NoMembership, 0),
        (Self::OnePage, 1),
        (Self::NoOverflow, 2),
        (Self::EndedUnseen, 5),
        (Self::NotClosed, 5),
        (Self::Uncounted, 7),
        (Self::ClosedUnseen, 6),
        (Self::ReadTwice, 0),
    ];
}
