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

    fn any(&self) -> Option<&PushToken> {
        self.voip.as_ref().or(self.im.as_ref())
    }

    /// What REGISTER says with these options.
    pub(crate) fn contact(&self, options: &PushOptions, instance: &str) -> PushContact {
        let (uri, header) = match options.preset {
            Some(preset) => (template(preset), ""),
            None => (options.contact_uri_params.as_str(), options.reg_contact_params.as_str()),
        };
        let ready_made =
            self.voip.as_ref().filter(|token| token.token.is_some()).and_then(|t| t.contact_params.as_ref());
        let header_params = match ready_made.map(Secret::expose) {
            // The host's word wins, as long as it cannot break out of the header.
            Some(text) if is_parameters(text) => text.to_owned(),
            _ => self.fill(header, instance),
        };
        PushContact { uri_params: self.fill(uri, instance), header_params }
    }

    fn fill(&self, template: &str, instance: &str) -> String {
        let asks_for = |name: &str| search::contains(template, name);
        let has =
            |token: &Option<PushToken>| token.as_ref().and_then(|t| t.token.as_ref()).is_some_and(|t| !t.is_empty());
        // Without any of the tokens it is about, the rest of a template would ask for something else: RFC 8599's
        // pn-provider alone is a question for what the server can do.
        if (asks_for("{voip-token}") || asks_for("{im-token}"))
            && !(asks_for("{voip-token}") && has(&self.voip) || asks_for("{im-token}") && has(&self.im))
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
            out.push_str(&PushContact::escape(&value));
            rest = after;
        }
        out.push_str(rest);
        is_parameters(&out).then_some(out)
    }

    fn value(&self, name: &str, instance: &str) -> String {
        let token = |token: &Option<PushToken>| {
            token.as_ref().and_then(|t| t.token.as_ref()).map(|t| t.expose().to_owned()).unwrap_or_default()
        };
        let any = self.any();
        match name {
            "voip-token" => token(&self.voip),
            "im-token" => token(&self.im),
            "topic" => any.map(|t| t.topic.clone()).unwrap_or_default(),
            "bundle" => any.map(|t| t.bundle_id.clone()).unwrap_or_default(),
            "team" => any.and_then(|t| t.team_id.clone()).unwrap_or_default(),
            "instance" => instance.to_owned(),
            "environment" => match any.map(|t| t.environment) {
                Some(Environment::Sandbox) => "sandbox".to_owned(),
                Some(Environment::Production) => "production".to_owned(),
                _ => String::new(),
            },
            "platform" => "iOS".to_owned(),
            _ => String::new(),
        }
    }
}

const fn template(preset: PushPreset) -> &'static str {
    match preset {
        PushPreset::Rfc8599Apns => ";pn-provider=apns;pn-param={team}.{topic};pn-prid={voip-token}",
        // mod_apn reads URI parameters by searching for their names, cuts at the next semicolon, and its newer
        // generation wants pn-platform last: so no token stands last, and pn-platform does.
        PushPreset::FreeswitchApn => {
            ";app-id={bundle};pn-voip-tok={voip-token};pn-im-tok={im-token};pn-platform={platform}"
        }
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
