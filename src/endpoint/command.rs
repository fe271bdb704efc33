//! What the application asks for. Each command is completed exactly once.

use super::{Endpoint, STOP_MS};
use crate::agent::Asker;
use crate::agent::Wanted;
use crate::common::time::Now;
use crate::io::{Command, CommandId, Error, ErrorCode, Extra, Output, Reply};

impl Endpoint {
    /// The system is asked first where it shows the call.
    pub(super) fn command(&mut self, now: Now, id: CommandId, command: Command) {
        let command = match &mut self.wake {
            Some(wake) if self.stopping.is_none() => wake.ask(now, &self.agent, id, command),
            _ => Some(command),
        };
        if let Some(command) = command {
            self.carry_out(now, id, command);
        }
    }

    pub(super) fn carry_out(&mut self, now: Now, id: CommandId, command: Command) {
        if self.stopped || (self.stopping.is_some() && !matches!(command, Command::Stop)) {
            self.complete(id, Err(ErrorCode::Stopped.into()));
            return;
        }
        let (extra, command) = match command {
            Command::With(extra, command) => (extra, *command),
            command => (Extra::default(), command),
        };
        if let Err(error) = self.agent.lend_headers(extra) {
            self.complete(id, Err(error));
            return;
        }
        // `None`: completed later.
        let result = match command {
            Command::CreateAccount(options) => Some(self.create_account(now, *options)),
            Command::Register(account) => later(self.agent.register(now, account, Some(id))),
            Command::Unregister(account) => later(self.agent.unregister(now, account, Some(id))),
            Command::UnregisterAll(account) => later(self.agent.unregister_all(now, account, Some(id))),
            Command::QueryPush(account, provider) => {
                later(self.agent.query_push(now, account, provider.as_deref(), id))
            }
            Command::NetworkChanged { online } => {
                self.agent.network_changed(now, online);
                Some(Ok(Reply::Done))
            }
            Command::RemoveAccount(account) => later(self.agent.remove_account(now, account, Some(id))),
            Command::MakeCall { account, target, options } => {
                self.agent.start_call(now, id, account, &target, options);
                None
            }
            Command::Progress { call, early_media, extra } => {
                later(self.agent.progress(now, call, early_media, extra, id))
            }
            Command::Answer(call, extra) => later(self.agent.answer(now, call, Some(id), extra)),
            Command::Decline(call, status, extra) => Some(self.agent.decline(now, call, status, extra).map(done)),
            Command::Redirect { call, status, targets } => {
                Some(self.agent.redirect(now, call, status, &targets).map(done))
            }
            Command::Hangup(call, extra) => Some(self.agent.hang_up(now, call, extra).map(done)),
            Command::Mute(call, on) => Some(self.agent.mute(now, call, on, false).map(done)),
            Command::MuteVideo(call, on) => Some(self.agent.mute(now, call, on, true).map(done)),
            Command::SetVideo(call, video) => later(self.agent.set_video(now, call, video, Asker::Command(id))),
            Command::AudioRoute(route) => self.audio_route(now, id, route),
            Command::AudioPicker => Some(self.audio_picker(now)),
            Command::Stats(call) => later(self.agent.stats(now, call, id)),
            Command::Hold(call, on) => later(self.agent.hold(now, call, on, Asker::Command(id))),
            Command::Dtmf { call, digits, method, duration_ms, gap_ms } => {
                later(self.agent.dtmf(now, call, &digits, method, duration_ms, gap_ms, Asker::Command(id)))
            }
            Command::Renegotiate { call, restart } => {
                later(self.agent.renegotiate(now, call, restart, Asker::Command(id)))
            }
            Command::SendMessage { account, call, target, body, extra } => {
                later(self.agent.send_message(now, account, call, &target, body, &extra, id))
            }
            Command::Info { call, body, extra } => later(self.agent.send_info(now, call, body, &extra, id)),
            Command::Transfer { call, target, extra } => later(self.agent.transfer(now, call, &target, &extra, id)),
            Command::TransferToCall { call, to, extra } => later(self.agent.transfer_to(now, call, to, &extra, id)),
            Command::Refer { account, target, refer_to, extra } => {
                later(self.agent.refer(now, account, &target, &refer_to, &extra, id))
            }
            Command::AcceptReferral { referral, video } => {
                Some(self.agent.accept_referral(now, referral, video).map(Reply::Call))
            }
            Command::RejectReferral(referral, status) => {
                Some(self.agent.reject_referral(now, referral, status).map(done))
            }
            Command::Subscribe { account, target, event, accept, expires, body, extra } => {
                later(self.agent.subscribe(now, account, Wanted { target, event, accept, expires, body, extra }, id))
            }
            Command::Unsubscribe(subscription) => Some(self.agent.unsubscribe(now, subscription).map(done)),
            Command::AcceptSubscriber { subscription, pending, body } => {
                Some(self.agent.accept_subscriber(now, subscription, pending, body).map(done))
            }
            Command::RejectSubscriber(subscription, status) => {
                Some(self.agent.reject_subscriber(now, subscription, status).map(done))
            }
            Command::Notify { subscription, body, terminate } => {
                later(self.agent.notify(now, subscription, body, terminate, id))
            }
            Command::Publish { account, event, expires, body, extra } => {
                later(self.agent.publish(now, account, event, expires, body, extra, id))
            }
            Command::Republish(publication, body) => later(self.agent.republish(now, publication, body, id)),
            Command::Unpublish(publication) => later(self.agent.unpublish(now, publication, id)),
            Command::SendOptions { account, target, extra } => {
                later(self.agent.send_options(now, account, &target, &extra, id))
            }
            // In another one it says nothing.
            Command::With(..) => Some(Err(ErrorCode::Unsupported.into())),
            Command::Suspend => {
                self.suspending.push(id);
                self.agent.suspend(now, None);
                None
            }
            Command::Resume { suspended_ms } => {
                self.agent.resume(now, suspended_ms);
                Some(Ok(Reply::Done))
            }
            Command::Stop => {
                self.stop(now, id);
                None
            }
        };
        if let Some(result) = result {
            if let Some(wake) = &mut self.wake {
                wake.completed(now, &self.agent, id, &result);
            }
            self.complete(id, result);
        }
    }

    pub(super) fn complete(&mut self, id: CommandId, result: Result<Reply, Error>) {
        self.out.push_back(Output::Completed { id, result });
    }

    fn create_account(&mut self, now: Now, options: crate::io::AccountOptions) -> Result<Reply, Error> {
        let account = self.agent.create_account(now, options)?;
        if let Some(wake) = &mut self.wake {
            wake.account_created(now, &mut self.agent, account);
        }
        Ok(Reply::Account(account))
    }

    fn stop(&mut self, now: Now, id: CommandId) {
        match &mut self.stopping {
            Some((waiting, _)) => waiting.push(id),
            None => {
                self.stopping = Some((vec![id], now.mono.after(STOP_MS)));
                for id in std::mem::take(&mut self.suspending) {
                    self.complete(id, Err(ErrorCode::Stopped.into()));
                }
                if let Some(wake) = &mut self.wake {
                    wake.stop();
                }
                self.agent.stop(now);
            }
        }
    }

    /// Says that everything is stopped, once it is or the time is over.
    pub(super) fn settle_stop(&mut self, now: Now) {
        let over = self.stopping.as_ref().is_some_and(|(_, until)| *until <= now.mono);
        if self.stopping.is_none() || !(over || self.agent.is_stopped()) {
            return;
        }
        if let Some((waiting, _)) = self.stopping.take() {
            self.agent.close_all(now);
            self.stopped = true;
            while let Some(event) = self.agent.poll() {
                self.agent_event(now, event);
            }
            for id in waiting {
                self.complete(id, Ok(Reply::Done));
            }
        }
    }
}

const fn done((): ()) -> Reply {
    Reply::Done
}

/// A command that the agent completes, unless it cannot even begin.
fn later(begun: Result<(), Error>) -> Option<Result<Reply, Error>> {
    begun.err().map(Err)
}
