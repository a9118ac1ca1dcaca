//! Texts that break into lines where they do not fit on one.
//!
//! A group is printed on one line if all of it fits before the margin; otherwise its own breaks
//! become new lines, and the groups in it are tried in turn. Only the group itself is measured, not
//! what follows it on the line.

/// A text, with the places where it may be broken.
pub(super) enum Doc {
    /// Text without a break.
    Text(String),
    /// This text, or the end of the line.
    Break(&'static str),
    /// One after another.
    Concat(Vec<Doc>),
    /// Lines that begin in it are indented further.
    Nest(Box<Doc>),
    /// On one line if it fits.
    Group(Box<Doc>),
}

/// Lines longer than this are broken where they can be.
const MARGIN: usize = 80;
/// How far a nested text is indented.
const INDENT: usize = 2;

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    pub(super) fn nest(self) -> Doc {
        Doc::Nest(Box::new(self))
    }

    pub(super) fn group(self) -> Doc {
        Doc::Group(Box::new(self))
    }

    /// Texts with `separator` between them.
    pub(super) fn join(docs: Vec<Doc>, separator: impl Fn() -> Doc) -> Doc {
        let mut joined = Vec::with_capacity(2 * docs.len());
        for (at, doc) in docs.into_iter().enumerate() {
            if at > 0 {
                joined.push(separator());
            }
            joined.push(doc);
        }
        Doc::Concat(joined)
    }

    /// The text in lines.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let mut column = 0;
        // What is still to be printed, the next last: indentation, whether on one line, and what.
        let mut rest = vec![(0, false, self)];
        while let Some((indent, flat, doc)) = rest.pop() {
            match doc {
                Doc::Text(part) => {
                    // A value may come with lines of its own.
                    column = match part.rsplit_once('\n') {
                        Some((_, last)) => last.len(),
                        None => column + part.len(),
                    };
                    text.push_str(part);
                }
                Doc::Break(part) if flat => {
                    column += part.len();
                    text.push_str(part);
                }
                Doc::Break(_) => {
                    column = indent;
                    text.push('\n');
                    text.push_str(&" ".repeat(indent));
                }
                Doc::Concat(docs) => rest.extend(docs.iter().rev().map(|doc| (indent, flat, doc))),
                Doc::Nest(doc) => rest.push((indent + INDENT, flat, doc)),
                Doc::Group(doc) => {
                    let fits = flat || doc.fits(MARGIN.saturating_sub(column));
                    rest.push((indent, fits, doc));
                }
            }
        }
        text
    }

    /// Whether the text is no wider than this on one line.
    fn fits(&self, width: usize) -> bool {
        let mut left = width;
        let mut rest = vec![self];
        while let Some(doc) = rest.pop() {
            let part: &str = match doc {
                Doc::Text(part) => part,
                Doc::Break(part) => part,
                Doc::Concat(docs) => {
                    rest.extend(docs.iter().rev());
                    continue;
                }
                Doc::Nest(doc) | Doc::Group(doc) => {
                    rest.push(doc);
                    continue;
                }
            };
            match left.checked_sub(part.len()) {
                Some(now) => left = now,
                None => return false,
            }
        }
        true
    }
}
