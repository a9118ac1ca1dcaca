//! What happened when: spans of time, recorded while someone wants to know.
//!
//! Off, a plan costs one relaxed load more. On, every step of every plan, every compilation and
//! every piece of work of the pool's threads is a span; [`stop`] gives them, and
//! [`chrome_trace`] writes them as the JSON that Perfetto and `chrome://tracing` open.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::sync::{Mutex, MutexGuard, OnceLock};

/// A span of time on one thread.
#[derive(Clone, Debug)]
pub struct Event {
    /// What was done.
    pub name: Cow<'static, str>,
    /// The kind: `step`, `compile`, `thread`, or `annotation`.
    pub category: &'static str,
    /// From when on, counted from when the process first looked at the clock.
    pub start: Duration,
    /// How long.
    pub duration: Duration,
    /// The thread, numbered in the order in which threads first recorded something.
    pub thread: u32,
    /// What more there is to say.
    pub arguments: Vec<(Cow<'static, str>, Argument)>,
}

/// Something that an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
}

static ON: AtomicBool = AtomicBool::new(false);
static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());
static THREADS: Mutex<Vec<(u32, String)>> = Mutex::new(Vec::new());
static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// More events than this are counted, and not kept: some 300 bytes each.
const MOST_EVENTS: usize = 1 << 20;

/// A poisoned lock still guards what it did: nothing here is left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether spans are recorded.
#[inline]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Records from now on. False if that is so already.
pub fn start() -> bool {
    if ON.swap(true, Ordering::Relaxed) {
        return false;
    }
    lock(&EVENTS).clear();
    DROPPED.store(0, Ordering::Relaxed);
    true
}

/// Ends the recording, and gives what was recorded, in the order in which it ended. None if there
/// was no recording.
pub fn stop() -> Option<Trace> {
    if !ON.swap(false, Ordering::Relaxed) {
        return None;
    }
    let events = std::mem::take(&mut *lock(&EVENTS));
    let dropped = DROPPED.load(Ordering::Relaxed);
    Some(Trace { events, threads: lock(&THREADS).clone(), dropped })
}

/// What was recorded.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The spans.
    pub events: Vec<Event>,
    /// Numbers and names of threads.
    pub threads: Vec<(u32, String)>,
    /// How many spans were too many to be kept.
    pub dropped: usize,
}

/// The time on the clock of events.
pub fn now() -> Duration {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed()
}

fn thread() -> u32 {
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(0) };
    }
    static NEXT: AtomicU32 = AtomicU32::new(1);
    if NUMBER.get() == 0 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        NUMBER.set(number);
        let current = std::thread::current();
        let name = current.name().map_or_else(|| format!("thread {number}"), str::to_string);
        lock(&THREADS).push((number, name));
    }
    NUMBER.get()
}

/// Records a span of this thread.
pub fn record(
    category: &'static str,
    name: impl Into<Cow<'static, str>>,
    [start, end]: [Duration; 2],
    arguments: Vec<(Cow<'static, str>, Argument)>,
) {
    if !is_on() {
        return;
    }
    let duration = end.saturating_sub(start);
    let event = Event { name: name.into(), category, start, duration, thread: thread(), arguments };
    let mut events = lock(&EVENTS);
    match events.len() < MOST_EVENTS {
        true => events.push(event),
        false => _ = DROPPED.fetch_add(1, Ordering::Relaxed),
    }
}

/// Records what happens until it is dropped, if anything is recorded.
pub struct Span(Option<(&'static str, Cow<'static, str>, Duration)>);

/// A span that begins now.
pub fn span(category: &'static str, name: impl Into<Cow<'static, str>>) -> Span {
    Span(is_on().then(|| (category, name.into(), now())))
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some((category, name, start)) = self.0.take() {
            record(category, name, [start, now()], vec![]);
        }
    }
}

/// The events as trace events of Chrome.
pub fn chrome_trace(trace: &Trace) -> String {
    let process = std::process::id();
    let mut text = String::from("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    let _ = write!(
        text,
        "{{\"ph\":\"M\",\"pid\":{process},\"name\":\"process_name\",\"args\":{{\"name\":\"pullback\"}}}}"
    );
    for (number, name) in &trace.threads {
        let name = quoted(name);
        let _ = write!(
            text,
            ",\n{{\"ph\":\"M\",\"pid\":{process},\"tid\":{number},\"name\":\"thread_name\",\
             \"args\":{{\"name\":{name}}}}}"
        );
    }
    for event in &trace.events {
        let microseconds = |time: Duration| time.as_nanos() as f64 / 1e3;
        let _ = write!(
            text,
            ",\n{{\"ph\":\"X\",\"pid\":{process},\"tid\":{},\"ts\":{},\"dur\":{},\"cat\":{},\"name\":{}",
            event.thread,
            microseconds(event.start),
            microseconds(event.duration),
            quoted(event.category),
            quoted(&event.name)
        );
        let arguments = event.arguments.iter().map(|(key, value)| {
            let value = match value {
                Argument::Text(text) => quoted(text),
                Argument::Number(number) if number.is_finite() => number.to_string(),
                Argument::Number(number) => quoted(&number.to_string()),
            };
            format!("{}:{value}", quoted(key))
        });
        let _ = write!(text, ",\"args\":{{{}}}}}", arguments.collect::<Vec<_>>().join(","));
    }
    let _ = write!(text, "\n],\"metadata\":{{\"dropped_events\":{}}}}}\n", trace.dropped);
    text
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if (c as u32) < 0x20 => _ = write!(quoted, "\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Held by tests that record.
#[cfg(test)]
pub(crate) static RECORDING: Mutex<()> = Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_recorded_while_it_is_on() {
        let _held = lock(&RECORDING);
        drop(span("test", "before"));
        assert!(start());
        assert!(!start());
        {
            let _outer = span("test", "outer \"quoted\"\n");
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| drop(span("test", "inner")));
                }
            });
        }
        let more =
            vec![("n".into(), Argument::Number(2.5)), ("t".into(), Argument::Text("x".into()))];
        record("test", "told", [now(), now()], more);
        let trace = stop().expect("it was on");
        assert!(stop().is_none());
        let mine = || trace.events.iter().filter(|event| event.category == "test");
        assert_eq!(mine().count(), 5);
        let threads: std::collections::HashSet<u32> = mine().map(|event| event.thread).collect();
        assert_eq!(threads.len(), 4);
        let outer = mine().find(|event| event.name.starts_with("outer")).unwrap();
        for inner in mine().filter(|event| event.name == "inner") {
            assert!(inner.start >= outer.start);
            assert!(inner.start + inner.duration <= outer.start + outer.duration);
        }
        let text = chrome_trace(&trace);
        assert!(text.contains(r#""name":"outer \"quoted\"\n""#), "{text}");
        assert!(text.contains(r#""args":{"n":2.5,"t":"x"}"#), "{text}");
        assert!(!text.contains("before"));
    }
}
