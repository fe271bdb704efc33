//! The push parameters of the Contact of REGISTER: templates, presets, and what fills them.

use crate::agent::PushContact;
use crate::bridge::{Environment, PushToken, TokenKind};
use crate::common::search;
use crate::common::secret::Secret;
use crate::io::{PushOptions, PushPreset};

/// What the host told about pushes so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    voip: Option<PushToken>,
    im: Option<PushToken>,
}

impl Tokens {
    /// Takes a token, or the news that it died.
    pub(crate) fn take(&mut self, token: PushToken) {
        match token.kind {
            TokenKind::Voip => self.voip = Some(token),
            TokenKind::Im => self.im = Some(token),
            TokenKind::Unknown => {}
        }
    }

    /// What REGISTER says with these options.
    pub(crate) fn contact(&self, options: &PushOptions, instance: &str) -> PushContact {
        let (uri, header) = match options.preset {
            Some(preset) => (template(preset), ""),
            None => (options.contact_uri_params.as_str(), options.reg_contact_params.as_str()),
        };
        let x_p_push = if options.preset == Some(PushPreset::Portsip) { PORTSIP } else { "" };
        let mut contact = PushContact {
            uri_params: self.fill(uri, instance),
            header_params: self.fill(header, instance),
            x_p_push: self.fill(x_p_push, instance).trim_start_matches(';').to_owned(),
        };
        let ready_made = [&self.voip, &self.im].into_iter().flatten().filter(|token| token.token.is_some());
        if let Some(text) = ready_made.filter_map(|token| token.contact_params.as_ref()).map(Secret::expose).next() {
            // The host's word wins and stands where the template stood, as long as it breaks nothing there.
            if uri.is_empty() {
                if is_parameters(text) && PushContact::is_header_params(text) {
                    text.clone_into(&mut contact.header_params);
                }
            } else if is_parameters(text) && PushContact::is_uri_params(text) {
                text.clone_into(&mut contact.uri_params);
                contact.header_params.clear();
            }
        }
        contact
    }

    /// The token of a kind; empty where there is none.
    fn token(token: &Option<PushToken>) -> &str {
        token.as_ref().and_then(|token| token.token.as_ref()).map_or("", Secret::expose)
    }

    fn fill(&self, template: &str, instance: &str) -> String {
        // Without any of the tokens it is about, the rest of a template would ask for something else: RFC 8599's
        // pn-provider alone is a question for what the server can do.
        let mut tokens = TOKENS.iter().filter(|name| search::contains(template, name)).peekable();
        if tokens.peek().is_some() && tokens.all(|name| self.value(name.trim_matches(['{', '}']), instance).is_empty())
        {
            return String::new();
        }
        let mut out = String::new();
        for parameter in template.split(';').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            if let Some(filled) = self.fill_one(parameter, instance) {
                out.push(';');
                out.push_str(&filled);
            }
        }
        out
    }

    /// One parameter; `None` if a placeholder in it is empty or unknown.
    fn fill_one(&self, parameter: &str, instance: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = parameter;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            out.push_str(before);
            let value = self.value(name, instance);
            if value.is_empty() {
                return None;
            }
            out.push_str(&value);
            rest = after;
        }
        out.push_str(rest);
        is_parameters(&out).then_some(out)
    }

    /// What a placeholder stands for, escaped.
    fn value(&self, name: &str, instance: &str) -> String {
        let any = self.voip.as_ref().or(self.im.as_ref());
        let sandbox = any.is_some_and(|token| token.environment == Environment::Sandbox);
        let (voip, im) = (Self::token(&self.voip), Self::token(&self.im));
        // The parts of the tokens that are there.
        let counted = |of_voip: &[&str], of_im: &[&str]| {
            let between: &[&str] = if voip.is_empty() || im.is_empty() { &[] } else { &["&"] };
            let parts = [if voip.is_empty() { &[] } else { of_voip }, between, if im.is_empty() { &[] } else { of_im }];
            parts.concat().concat()
        };
        let escaped = PushContact::escape;
        PushContact::escape(match name {
            "voip-token" => voip,
            "im-token" => im,
            "topic" => any.map_or("", |token| &token.topic),
            "bundle" => any.map_or("", |token| &token.bundle_id),
            "team" => any.and_then(|token| token.team_id.as_deref()).unwrap_or_default(),
            "instance" => instance,
            "environment" => match any.map(|token| token.environment) {
                Some(Environment::Sandbox) => "sandbox",
                Some(Environment::Production) => "production",
                _ => "",
            },
            "platform" => "iOS",
            // The words of the presets.
            "apns" if sandbox => "apns.dev",
            "apns" => "apns",
            "stage" if sandbox => "dev",
            "stage" => "prod",
            "messages" if im.is_empty() => "false",
            "messages" => "true",
            "services" => return counted(&["voip"], &["remote"]),
            "service-tokens" => return counted(&[&escaped(voip), ":voip"], &[&escaped(im), ":remote"]),
            "device" if im.is_empty() => voip,
            "device" => return [&escaped(voip), "|", &escaped(im)].concat(),
            _ => "",
        })
    }
}

/// The placeholders that a template is about: without a value for any of them it says nothing.
const TOKENS: [&str; 4] = ["{voip-token}", "{im-token}", "{service-tokens}", "{device}"];

/// The header that PortSIP reads. A VoIP token is for calls alone: the system takes each of its pushes for one.
const PORTSIP: &str =
    ";device-os=ios;device-uid={device};allow-call-push=true;allow-message-push={messages};app-id={bundle}";

const fn template(preset: PushPreset) -> &'static str {
    match preset {
        PushPreset::Rfc8599Apns => ";pn-provider=apns;pn-param={team}.{topic};pn-prid={voip-token}",
        // mod_apn reads URI parameters by searching for their names, cuts at the next semicolon, and its newer
        // generation wants pn-platform last: so no token stands last, and pn-platform does.
        PushPreset::FreeswitchApn => {
            ";app-id={bundle};pn-voip-tok={voip-token};pn-im-tok={im-token};pn-platform={platform}"
        }
        // Flexisip counts: as many services as tokens, or it takes none of them.
        PushPreset::Flexisip => ";pn-provider={apns};pn-param={team}.{bundle}.{services};pn-prid={service-tokens}",
        PushPreset::LinphoneLegacy => ";pn-type=apple;app-id={bundle}.voip.{stage};pn-tok={voip-token}",
        PushPreset::Portsip => "",
    }
}

/// Whether a text can stand among the parameters of a Contact without ending it.
fn is_parameters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !b"<>,\"\\?".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(kind: TokenKind, token: Option<&str>) -> PushToken {
        PushToken {
            kind,
            provider: "apns".into(),
            token: token.map(Secret::new),
            environment: Environment::Production,
            bundle_id: "com.example.app".into(),
            topic: "com.example.app.voip".into(),
            team_id: Some("TEAM123456".into()),
            contact_params: None,
        }
    }

    fn options(preset: PushPreset) -> PushOptions {
        PushOptions { preset: Some(preset), ..PushOptions::default() }
    }

    #[test]
    fn rfc_8599_parameters_go_into_the_uri() {
        let mut tokens = Tokens::default();
        tokens.take(token(TokenKind::Voip, Some("AbC0")));
        let contact = tokens.contact(&options(PushPreset::Rfc8599Apns), "");
        assert_eq!(contact.uri_params, ";pn-provider=apns;pn-param=TEAM123456.com.example.app.voip;pn-prid=AbC0");
        assert_eq!(contact.header_params, "");
    }

    #[test]
    fn mod_apns_parameters_end_with_the_platform_and_leave_a_missing_token_out() {
        let mut tokens = Tokens::default();
        tokens.take(token(TokenKind::Voip, Some("AA")));
        let contact = tokens.contact(&options(PushPreset::FreeswitchApn), "");
        assert_eq!(contact.uri_params, ";app-id=com.example.app;pn-voip-tok=AA;pn-platform=iOS");
        tokens.take(token(TokenKind::Im, Some("BB")));
        let contact = tokens.contact(&options(PushPreset::FreeswitchApn), "");
        assert_eq!(contact.uri_params, ";app-id=com.example.app;pn-voip-tok=AA;pn-im-tok=BB;pn-platform=iOS");
    }

    #[test]
    fn without_a_token_nothing_is_said() {
        let mut tokens = Tokens::default();
        assert!(tokens.contact(&options(PushPreset::Rfc8599Apns), "").is_empty());
        tokens.take(token(TokenKind::Voip, Some("AA")));
        tokens.take(token(TokenKind::Voip, None));
        assert!(tokens.contact(&options(PushPreset::Rfc8599Apns), "").is_empty());
    }

    #[test]
    fn the_seeds_template_goes_after_the_bracket() {
        let mut tokens = Tokens::default();
        tokens.take(token(TokenKind::Voip, Some("AA")));
        let options = PushOptions {
            reg_contact_params: ";app-id={bundle};pn-voip-tok={voip-token};pn-im-tok={im-token}".into(),
            ..PushOptions::default()
        };
        assert_eq!(tokens.contact(&options, "").header_params, ";app-id=com.example.app;pn-voip-tok=AA");
    }

    #[test]
    fn values_are_escaped_and_cannot_break_out() {
        let mut tokens = Tokens::default();
        tokens.take(token(TokenKind::Voip, Some("a>;b=\r\n")));
        let contact = tokens.contact(&options(PushPreset::Rfc8599Apns), "");
        assert!(contact.uri_params.ends_with(";pn-prid=a%3E%3Bb%3D%0D%0A"), "{}", contact.uri_params);
    }

    #[test]
    fn ready_made_parameters_of_the_host_win_if_they_are_parameters() {
        let mut tokens = Tokens::default();
        let mut ready = token(TokenKind::Voip, Some("AA"));
        ready.contact_params = Some(Secret::new(";x=1;y=2"));
        tokens.take(ready.clone());
        let options = PushOptions { reg_contact_params: ";t={voip-token}".into(), ..PushOptions::default() };
        assert_eq!(tokens.contact(&options, "").header_params, ";x=1;y=2");
        ready.contact_params = Some(Secret::new(";x=1>\r\nEvil: 1"));
        tokens.take(ready);
        assert_eq!(tokens.contact(&options, "").header_params, ";t=AA");
    }
}
