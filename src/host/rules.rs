//! The rules of the machine by name. Each can be switched off, so that a test can show what it is there for.

/// A rule of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The end of a call waits until the system took its report.
    EndWaitsForReport,
    /// A push waits for its INVITE for a limited time.
    InviteLimit,
    /// A call rings for a limited time.
    RingLimit,
    /// A page that came back speaks for the call that it had, or that ends.
    ClaimLimit,
    /// Each push is reported, also one of a call that is there.
    EveryPushIsReported,
    /// A push of a call that is there is no other call.
    PushJoinsCall,
    /// A push of a call that is over ends at once.
    PushOfTheOver,
    /// An INVITE is looked for among the calls that pushes announced.
    InviteJoinsCall,
    /// A push that names another Call-ID than the INVITE is of another call.
    IdsAreCertain,
    /// An INVITE that no push announced is reported.
    InviteIsReported,
    /// The page is told of an end.
    EndIsTold,
    /// A decline is kept until its INVITE is there.
    DeclineIsKept,
    /// What the system gave up on is neither fulfilled nor failed.
    TimeOutIsFinal,
    /// What waits for a call fails with it.
    EndFailsActions,
    /// A call that the host ends by itself ends in the page, too.
    EndReachesPage,
    /// A call that begins to talk holds the others.
    OneCallTalks,
}

/// Which rules are switched off.
#[derive(Clone, Copy, Default)]
pub(super) struct Rules(u32);

impl Rules {
    pub fn switch_off(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u32;
    }

    pub const fn hold(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) == 0
    }
}
