//! Feeds: whoever has requests for a model and takes its replies, so that a reply can bring further requests.

use crate::{Outcome, Request};

/// Whose reply an outcome is: a number that the feed gave with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

#[expect(clippy::large_enum_variant, reason = "it is handed over at once and never kept")]
/// What a feed has next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A request to answer.
    Ask(Ticket, Request),
    /// A unit of planning ends here. A model that computes many requests together answers what it has; one that has each under
    /// way by itself goes on.
    Cut,
    /// Nothing just now: what was asked last has to be answered before it is known what comes next.
    Later,
    /// Nothing more, ever.
    End,
}

/// Said of a request that a model took and gave no reply to.
pub const UNANSWERED: &str = "the model gave no reply to this request";

/// Requests for one model, over all units and waves, and the place for their replies.
pub trait Feed {
    /// The next request. After [`Next::Later`] there is more, or the end, once a reply has come.
    fn next(&mut self) -> Next;

    /// Takes the reply to a request. Every ticket is answered once.
    fn reply(&mut self, ticket: Ticket, outcome: Outcome);
}

/// Pulls what a feed gives up to its next cut, and whether more may come after it is answered.
pub fn pull(feed: &mut dyn Feed) -> (Vec<(Ticket, Request)>, bool) {
    let mut unit = Vec::new();
    loop {
        match feed.next() {
            Next::Ask(ticket, request) => unit.push((ticket, request)),
            Next::Cut if unit.is_empty() => {}
            Next::Cut => return (unit, true),
            // Where nothing is under way, no reply can come: the feed has no more.
            Next::Later => {
                let more = !unit.is_empty();
                return (unit, more);
            }
            Next::End => return (unit, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ask;

    /// A script of what comes next.
    struct Script(Vec<Next>);

    impl Feed for Script {
        fn next(&mut self) -> Next {
            if self.0.is_empty() { Next::End } else { self.0.remove(0) }
        }

        fn reply(&mut self, _: Ticket, _: Outcome) {}
    }

    fn ask(n: u64) -> Next {
        Next::Ask(Ticket(n), Request::new(Ask::Rolling { text: n.to_string() }))
    }

    fn check(script: Vec<Next>, units: &[(&[u64], bool)]) {
        let mut feed = Script(script);
        for (expected, more) in units {
            let (unit, goes_on) = pull(&mut feed);
            assert_eq!(unit.iter().map(|(ticket, _)| ticket.0).collect::<Vec<_>>(), *expected);
            assert_eq!(goes_on, *more);
        }
    }

    #[test]
    fn a_unit_ends_at_a_cut_and_where_nothing_is_left() {
        check(vec![ask(0), ask(1), Next::Cut, ask(2)], &[(&[0, 1], true), (&[2], false)]);
        check(vec![Next::Cut, ask(0), Next::Later, ask(1), Next::End], &[(&[0], true), (&[1], false)]);
        check(vec![Next::Later], &[(&[], false)]);
        check(Vec::new(), &[(&[], false)]);
    }
}
