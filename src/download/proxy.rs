//! Through whom a server is asked: directly, or through a proxy.
//!
//! ```text
//!   http://host/path  ──▶ the proxy: GET http://host/path ────▶ host
//!   https://host/path ──▶ the proxy: CONNECT host:443 ──▶ a tunnel, TLS inside ──▶ host
//!   a host that `no_proxy` names ─────────────────────────────▶ host
//! ```

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use ureq::Proxy;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use url::{Host, Url};

use super::DownloadError;
use super::address::{Address, without_credentials};

/// Which proxy is asked for which address; none, unless told.
#[derive(Clone, Default)]
pub(super) struct Proxies {
    http: Option<Route>,
    https: Option<Route>,
    /// Hosts that are asked directly, as `no_proxy` writes them.
    directly: Vec<String>,
}

/// With what the schemes begin of proxies that speak another protocol: `socks4`, `socks5h`.
const SOCKS: &str = "socks";

/// A proxy, or why what was given is none: that is said when it is to be used.
#[derive(Clone)]
struct Route {
    /// Without credentials.
    shown: String,
    /// What named it in the environment.
    variable: Option<String>,
    proxy: Result<Proxy, &'static str>,
}

impl Proxies {
    /// This one for every address; none, if the text is empty.
    pub(super) fn all(text: &str) -> Self {
        let route = Route::read(text, None);
        let (http, https, directly) = (route.clone(), route, Vec::new());
        Self {
            http,
            https,
            directly,
        }
    }

    /// What the variables say that most programs look at, in small letters before capitals.
    ///
    /// A web server hands a header `Proxy:` of any visitor to its scripts as `HTTP_PROXY`: where
    /// `REQUEST_METHOD` says that we are such a script, that one is not looked at.
    /// <https://httpoxy.org/>
    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let read = |name: &str| {
            let is_a_visitor_s = name == "HTTP_PROXY" && variable("REQUEST_METHOD").is_some();
            let value = variable(name).filter(|_| !is_a_visitor_s)?;
            Some((value.to_string_lossy().into_owned(), name.to_owned()))
        };
        let either = |name: &str| read(name).or_else(|| read(&name.to_ascii_uppercase()));
        let route = |name| {
            // Set, and to nothing: this scheme needs none, whatever holds for all.
            let (text, variable) = either(name).or_else(|| either("all_proxy"))?;
            Route::read(&text, Some(variable))
        };
        let (directly, _) = either("no_proxy").unwrap_or_default();
        let directly = directly
            .split(|letter: char| letter == ',' || letter.is_whitespace())
            .filter(|name| !name.is_empty());
        Self {
            http: route("http_proxy"),
            https: route("https_proxy"),
            directly: directly.map(str::to_ascii_lowercase).collect(),
        }
    }

    fn route(&self, address: &Address) -> Option<&Route> {
        let route = if address.is_https() {
            &self.https
        } else {
            &self.http
        };
        route.as_ref().filter(|_| !self.is_direct(address.url()))
    }

    /// The proxy for one address.
    pub(super) fn towards(&self, address: &Address) -> Result<Option<Proxy>, DownloadError> {
        let Some(route) = self.route(address) else {
            return Ok(None);
        };
        route.proxy.clone().map(Some).map_err(|why| {
            let (proxy, why) = (route.with_variable(&route.shown), why.to_owned());
            DownloadError::BadProxy { proxy, why }
        })
    }

    /// The same in words: where it is, and the variable that says so.
    pub(super) fn shown_towards(&self, address: &Address) -> Option<String> {
        let route = self.route(address)?;
        let proxy = route.proxy.as_ref().ok()?;
        let place = format!("{}:{}", proxy.host(), proxy.port());
        Some(route.with_variable(&place))
    }

    fn is_direct(&self, url: &Url) -> bool {
        let (host, port) = (url.host(), url.port_or_known_default());
        host.is_some_and(|host| {
            let mut names = self.directly.iter();
            names.any(|name| is_named(name, &host, port))
        })
    }
}

/// Whether an entry of `no_proxy` names the host: `*`, an address, or a name with all below it; a
/// port behind it is the only one that is meant.
fn is_named(entry: &str, host: &Host<&str>, port: Option<u16>) -> bool {
    let address: Option<IpAddr> = match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    };
    let bare = |text: &str| {
        text.trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned()
    };
    let is_host = |name: &str| match (address, host) {
        _ if name == "*" => true,
        (Some(address), _) => bare(name).parse() == Ok(address),
        (None, Host::Domain(host)) => {
            let name = name.trim_start_matches("*.").trim_matches('.');
            let host = host.trim_end_matches('.');
            let above = host.strip_suffix(name);
            !name.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        }
        (None, _) => false,
    };
    let with_port = entry.rsplit_once(':').is_some_and(|(name, wanted)| {
        let is_port = wanted.parse().is_ok_and(|wanted: u16| Some(wanted) == port);
        is_port && is_host(name)
    });
    is_host(entry) || with_port
}

impl Route {
    fn read(text: &str, variable: Option<String>) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        // `proxy:3128` is what many people write.
        let text = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let shown = without_credentials(&text);
        let proxy = match text.get(..SOCKS.len()) {
            Some(scheme) if scheme.eq_ignore_ascii_case(SOCKS) => {
                Err("SOCKS proxies are not supported; give one of http")
            }
            _ => Address::read(&text).and_then(|address| {
                let proxy = Proxy::new(address.url().as_str());
                proxy.map_err(|_| "it cannot be read as a proxy's URL")
            }),
        };
        Some(Self {
            shown,
            variable,
            proxy,
        })
    }

    fn with_variable(&self, text: &str) -> String {
        match &self.variable {
            Some(variable) => format!("{text} ({variable})"),
            None => text.to_owned(),
        }
    }
}

/// How a proxy is asked for `http`: with the server's address before the path, and who asks.
pub(super) struct Form {
    origin: String,
    authorization: String,
}

impl Form {
    pub(super) fn of(server: &Uri, proxy: &Proxy) -> Self {
        let authority = server.authority().map(Authority::as_str);
        let proxy = Address::read(&proxy.uri().to_string());
        let who = proxy.ok().and_then(|proxy| proxy.authorization());
        let who = who.map(|who| format!("Proxy-Authorization: {who}\r\n"));
        Self {
            origin: format!("http://{}", authority.unwrap_or_default()),
            authorization: who.unwrap_or_default(),
        }
    }

    /// The head of a request as the proxy wants it; anything else as it is.
    pub(super) fn apply(&self, head: &[u8]) -> Option<Vec<u8>> {
        let target = head.strip_prefix(b"GET ")?;
        let line = target.windows(2).position(|end| end == b"\r\n")? + 2;
        let (target, headers) = target.split_at(line);
        let (origin, who) = (self.origin.as_bytes(), self.authorization.as_bytes());
        Some([b"GET ", origin, target, who, headers].concat())
    }
}

/// Without the credentials that a proxy's URL may carry.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |route: &Option<Route>| route.as_ref().map(|route| route.shown.clone());
        f.debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("directly", &self.directly)
            .finish()
    }
}
