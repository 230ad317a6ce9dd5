//! The life of a client: one loop that waits for whatever comes next.

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::answers::{Answer, Asker};
use super::place::{Goal, Place, Presences};
use super::signals::interrupted;
use crate::editor::{Keyboard, SharedPrompt};
use crate::frames::Frame;
use crate::input::{Input, read_lines};
use crate::line::{Line, News, Order};
use crate::paint::Paint;
use crate::screen::Show;
use crate::session::Session;

/// How often the client looks at its clocks.
const TICK: Duration = Duration::from_millis(100);
/// How many messages may wait for their acks before more of a pipe is read.
const UNSENT: usize = 64;
/// How long the next line waits for the place that a command leads to.
const ON_THE_WAY: Duration = Duration::from_secs(3);

/// How a client is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By a person in a terminal, for as long as they like.
    Terminal,
    /// Through pipes, until the input has ended and everything is acknowledged.
    Pipe { timeout: Duration, listens: bool },
}

/// A client, with everything it needs.
pub(crate) struct Client {
    pub(super) me: String,
    pub(super) manner: Manner,
    pub(super) session: Session,
    pub(super) asker: Asker,
    pub(super) place: Option<Place>,
    /// Where one wants to be, and the place itself once it is known.
    pub(super) goal: Option<Goal>,
    pub(super) going: Option<Place>,
    pub(super) may_create: bool,
    pub(super) looked_back: HashMap<String, u64>,
    pub(super) presence: Presences,
    pub(super) typing_until: Option<Instant>,
    pub(super) shared_prompt: SharedPrompt,
    pub(super) has_failed: bool,
    pub(super) answers_in: UnboundedSender<Answer>,
    answers: UnboundedReceiver<Answer>,
    pub(super) line: Line,
    shows: UnboundedSender<Show>,
    inputs_in: Sender<Input>,
    pub(super) inputs: Receiver<Input>,
    edits: bool,
    /// Since when the next line waits for the place that the last one leads to.
    waits_since: Option<Instant>,
    pub(super) input_has_ended: bool,
    pub(super) leaves_by: Option<Instant>,
    pub(super) end: Option<anyhow::Result<()>>,
    pub(super) progressed: Instant,
    pub(super) trouble: Option<String>,
    is_told_down: bool,
}

impl Client {
    /// A client of `me` on this line, that shows things there.
    pub(crate) fn new(
        me: &str,
        history: usize,
        manner: Manner,
        asker: Asker,
        line: Line,
        shows: UnboundedSender<Show>,
    ) -> Self {
        let (answers_in, answers) = unbounded_channel();
        let (inputs_in, inputs) = crate::input::way();
        Self {
            me: me.to_owned(),
            manner,
            session: Session::new(me, history),
            asker,
            place: None,
            goal: None,
            going: None,
            may_create: false,
            looked_back: HashMap::new(),
            presence: Presences::new(),
            typing_until: None,
            shared_prompt: SharedPrompt::default(),
            has_failed: false,
            answers_in,
            answers,
            line,
            shows,
            inputs_in,
            inputs,
            edits: false,
            waits_since: None,
            input_has_ended: false,
            leaves_by: None,
            end: None,
            progressed: Instant::now(),
            trouble: None,
            is_told_down: false,
        }
    }

    /// Goes to a place, and chats until the end; an error if not everything that was said is kept.
    pub(crate) async fn run(mut self, goal: Option<Goal>, may_create: bool) -> anyhow::Result<()> {
        self.may_create = may_create;
        match goal {
            Some(goal) => self.go(goal),
            None => self.input_has_ended = self.manner != Manner::Terminal,
        }
        if self.manner != Manner::Terminal && !self.input_has_ended {
            read_lines(self.inputs_in.clone());
        }
        let mut tick = tokio::time::interval(TICK);
        let mut interrupted = pin!(interrupted());
        let outcome = loop {
            tokio::select! {
                news = self.line.news.recv() => self.heard(news),
                input = self.inputs.recv(), if self.takes_input() => self.typed(input),
                answer = self.answers.recv() => answer.into_iter().for_each(|it| self.answered(it)),
                () = &mut interrupted => self.leave_by(Instant::now()),
                () = self.shows.closed() => break self.end_unread(),
                _ = tick.tick() => {}
            }
            if let Err(error) = self.keep(Instant::now()) {
                break Err(error);
            }
            if let Some(end) = self.end.take() {
                break end;
            }
        };
        self.hang_up().await;
        outcome
    }

    pub(super) fn show(&self, show: Show) {
        // Whoever closed the output ends the client, in `run`.
        drop(self.shows.send(show));
    }

    /// Something went on as it should.
    pub(super) fn progressed(&mut self) {
        self.progressed = Instant::now();
    }

    /// Lines are edited from the time on that it is known where they go, if the terminal can do that.
    fn begin_editing(&mut self) -> anyhow::Result<()> {
        self.edits = true;
        if !Paint::wanted().moves() {
            read_lines(self.inputs_in.clone());
            return Ok(());
        }
        let prompt = self.shared_prompt.clone();
        let (keyboard, printer) = Keyboard::start(prompt, Paint::wanted(), self.inputs_in.clone())?;
        self.show(Show::Editor(keyboard, printer));
        self.waits_since = Some(Instant::now());
        Ok(())
    }

    /// What is typed ahead is for the place that the last command leads to.
    fn takes_input(&self) -> bool {
        match self.manner {
            Manner::Terminal => self.waits_since.is_none(),
            Manner::Pipe { .. } => {
                !self.input_has_ended && self.place.is_some() && self.session.unsent() < UNSENT
            }
        }
    }

    fn typed(&mut self, input: Option<Input>) {
        match input {
            Some(Input::Line(line)) if self.manner == Manner::Terminal => {
                self.obey(&line);
                self.waits_since = Some(Instant::now());
            }
            Some(Input::Line(line)) => {
                if self.session.unsent() == 0 {
                    self.progressed();
                }
                if !line.is_empty() {
                    self.say(&line);
                }
            }
            Some(Input::Typing) => {
                if let Some(place) = &self.place {
                    self.session.type_to(&place.address, Instant::now());
                }
            }
            Some(Input::End) | None if self.manner == Manner::Terminal => self.obey("/quit"),
            Some(Input::End) | None => self.input_has_ended = true,
            Some(Input::Interrupted) => self.leave_by(Instant::now()),
            Some(Input::Unreadable(reason)) => {
                self.fail(&format!("the input cannot be read: {reason}"));
            }
        }
    }

    fn heard(&mut self, news: Option<News>) {
        match news {
            Some(News::Up) => {
                self.session.begin(Instant::now());
                // Who came and went meanwhile was not told.
                self.presence.clear();
                self.look_for_other();
                if std::mem::take(&mut self.is_told_down) {
                    self.show(Show::Notice("connected".into()));
                }
                self.trouble = None;
            }
            Some(News::Frame(frame)) => self.heard_frame(frame),
            Some(News::Down(reason)) => {
                self.session.end();
                if !std::mem::replace(&mut self.is_told_down, true) {
                    let notice = format!("not connected: {reason}; trying again");
                    self.show(Show::Notice(notice));
                }
                self.trouble = Some(reason);
            }
            Some(News::Refused(reason)) => self.fail(&reason),
            Some(News::Closed) | None => {}
        }
    }

    fn heard_frame(&mut self, value: Value) {
        let before = self.session.unsent();
        if let Some(frame) = Frame::read(&value) {
            self.show(Show::Frame(value));
            self.session.take(frame, Instant::now());
        }
        if self.session.unsent() < before {
            self.progressed();
        }
    }

    /// Does what is due.
    fn keep(&mut self, now: Instant) -> anyhow::Result<()> {
        if !self.session.keep(now) {
            self.session.end();
            self.order(Order::Replace);
        }
        for frame in self.session.frames() {
            self.order(Order::Send(frame));
        }
        self.tell();
        self.prompt(now);
        if self.manner == Manner::Terminal {
            self.keep_editing(now)?;
        }
        if self.end.is_none() && self.is_done(now) {
            self.end = Some(self.outcome());
        }
        Ok(())
    }

    pub(super) fn order(&self, order: Order) {
        // A line that has ended for good has said so.
        drop(self.line.orders.send(order));
    }

    /// Lets the person type, or takes what they typed ahead, unless the last command still leads them
    /// somewhere.
    fn keep_editing(&mut self, now: Instant) -> anyhow::Result<()> {
        let is_under_way = self.goal.is_some() || self.going.is_some();
        if !self.edits && !is_under_way {
            self.begin_editing()?;
        }
        let waits = |since: Instant| is_under_way && now - since < ON_THE_WAY;
        if self.edits && self.leaves_by.is_none() && self.waits_since.is_some_and(|it| !waits(it)) {
            self.waits_since = None;
            self.show(Show::Resume);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Json;
    use axum::routing::get;
    use clap::Parser;

    use super::*;
    use crate::account::Account;
    use crate::addresses::Addresses;
    use crate::frames::Presence;
    use crate::http::Http;
    use crate::names::Names;
    use crate::options::Options;

    /// The HTTP API of a server where nobody is online.
    async fn lonely() -> String {
        let router = axum::Router::new().route("/api/online_users", get(async || Json([(); 0])));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}")
    }

    #[tokio::test]
    async fn who_left_while_there_was_no_connection_is_not_taken_to_be_there() {
        let http = lonely().await;
        let options = Options::parse_from(["chat", "--user", "alice", "--http", &http]);
        let addresses = Addresses::new(&options.url, options.http.as_deref()).unwrap();
        let account = Account::of(&options, Http::new(&addresses).unwrap()).unwrap();
        let asker = Asker { names: Names::new(account.clone()), account };
        let line = Line { orders: unbounded_channel().0, news: unbounded_channel().1 };
        let (shows, _shown) = unbounded_channel();
        let mut client = Client::new("alice", 20, Manner::Terminal, asker, line, shows);
        client.place = Some(Place::with("alice", "bob", "bob").unwrap());
        client.presence.insert("bob".into(), Presence::Online);
        client.heard(Some(News::Up));
        assert_eq!(client.presence.get("bob"), None);
        let answer = client.answers.recv().await.unwrap();
        client.answered(answer);
        assert_eq!(client.presence.get("bob"), Some(&Presence::Offline));
    }
}
