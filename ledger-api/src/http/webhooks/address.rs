//! Where messages may go: addresses on the public internet, and networks that the operator allows besides.
//!
//! Whoever may register an endpoint could otherwise have the server ask its own neighbours: databases, the cloud's metadata
//! service, itself. So a name is resolved once, every address it has is looked at, and the connection goes to one of these:
//! a name that resolves differently a moment later changes nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Bytes that an endpoint's URL has at most.
pub const URL_BYTES_MAX: usize = 2_000;

/// Which addresses messages may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRules {
    /// Whether `http:` will do.
    pub allow_http: bool,
    /// Networks that are not public and may be reached all the same.
    pub allow_networks: Vec<Network>,
    /// Ports that may be asked; empty for all.
    pub ports: Vec<u16>,
}

impl Default for AddressRules {
    fn default() -> Self {
        Self { allow_http: false, allow_networks: Vec::new(), ports: vec![443, 8443] }
    }
}

/// Why nothing may be sent to an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// It is no URL, or too long.
    #[error("is no absolute URL of at most {URL_BYTES_MAX} bytes")]
    NoUrl,
    /// Another protocol.
    #[error("must begin with https://")]
    Scheme,
    /// User names and passwords would end up in logs.
    #[error("must not contain a user name or password: messages are signed instead")]
    Credentials,
    /// A fragment is never sent.
    #[error("must not contain a fragment (#…): it would not be sent")]
    Fragment,
    /// A port on which no web server is expected.
    #[error("asks for port {0}, which is not among those that are allowed")]
    Port(u16),
    /// A name that means this machine or its network.
    #[error("names a host of a private network: {0}")]
    PrivateName(String),
    /// An address that is not on the public internet.
    #[error("leads to {0}, which is not a public address")]
    Private(IpAddr),
    /// A name without an address.
    #[error("names a host that has no address")]
    Unknown,
}

impl AddressRules {
    /// Looks at an endpoint's URL without asking anybody. Names are looked at again when they are resolved.
    ///
    /// # Errors
    /// [`AddressRefused`] with the reason.
    pub fn check(&self, text: &str) -> Result<Url, AddressRefused> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= URL_BYTES_MAX).ok_or(AddressRefused::NoUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            _ => return Err(AddressRefused::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressRefused::Credentials);
        }
        if url.fragment().is_some() {
            return Err(AddressRefused::Fragment);
        }
        let port = url.port_or_known_default().ok_or(AddressRefused::NoUrl)?;
        if !self.ports.is_empty() && !self.ports.contains(&port) {
            return Err(AddressRefused::Port(port));
        }
        // The parser has read decimal, octal and hexadecimal forms of addresses already.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(AddressRefused::NoUrl)?;
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => self.check_address(address)?,
            Err(_) => self.check_name(host)?,
        }
        Ok(url)
    }

    /// Whether something may be sent to an address.
    ///
    /// # Errors
    /// [`AddressRefused::Private`].
    pub fn check_address(&self, address: IpAddr) -> Result<(), AddressRefused> {
        let seen = address.to_canonical();
        if is_public(address) || self.allow_networks.iter().any(|network| network.contains(seen)) {
            return Ok(());
        }
        Err(AddressRefused::Private(address))
    }

    /// Names that by their form never lead to the public internet. Where a private network is allowed, its names are too.
    fn check_name(&self, host: &str) -> Result<(), AddressRefused> {
        let host = host.trim_end_matches('.');
        let private = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain"];
        let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if (private.contains(&last.as_str()) || !host.contains('.')) && self.allow_networks.is_empty() {
            return Err(AddressRefused::PrivateName(host.to_owned()));
        }
        Ok(())
    }

    /// Every address of a name, if all of them may be reached.
    async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, AddressRefused> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await.map_err(|_| AddressRefused::Unknown)?.collect();
        if found.is_empty() {
            return Err(AddressRefused::Unknown);
        }
        for address in &found {
            self.check_address(address.ip())?;
        }
        Ok(found)
    }
}

/// Resolves names for the sender, and only to addresses that may be reached.
#[derive(Clone, Debug)]
pub struct CheckedResolver(pub Arc<AddressRules>);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.0);
        Box::pin(async move {
            let found = rules.resolve(name.as_str()).await?;
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one of the public internet: not private, local, shared, reserved, for documentation, benchmarks or
/// groups, and not an IPv4 address in the clothes of an IPv6 one.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|(network, bits)| in_v4(v4, *network, *bits)),
        IpAddr::V6(v6) => in_v6(v6, [0x2000, 0], 3) && !NOT_PUBLIC_V6.iter().any(|(network, bits)| in_v6(v6, *network, *bits)),
    }
}

/// From the registries of special addresses (RFC 6890 and what came after).
const NOT_PUBLIC_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([168, 63, 129, 16], 32), // a cloud's own service, on a public address
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Within 2000::/3: protocol assignments with Teredo and ORCHID, documentation, 6to4. The rest is not public anyway.
const NOT_PUBLIC_V6: [([u16; 2], u32); 4] = [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

fn in_v4(address: Ipv4Addr, network: [u8; 4], bits: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    address.to_bits() & mask == u32::from_be_bytes(network) & mask
}

fn in_v6(address: Ipv6Addr, network: [u16; 2], bits: u32) -> bool {
    let [high, low] = network;
    same_prefix(address, Ipv6Addr::new(high, low, 0, 0, 0, 0, 0, 0), bits)
}

fn same_prefix(one: Ipv6Addr, other: Ipv6Addr, bits: u32) -> bool {
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
    one.to_bits() & mask == other.to_bits() & mask
}

/// A network in the usual notation: `10.1.0.0/16`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => in_v4(address, network.octets(), self.bits),
            (IpAddr::V6(network), IpAddr::V6(address)) => same_prefix(address, network, self.bits),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network: write 10.1.0.0/16, fd00::/8, or one address");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AddressRules {
        AddressRules { allow_http: true, allow_networks: Vec::new(), ports: Vec::new() }
    }

    #[test]
    fn only_the_public_internet_is_reached() {
        for public in ["https://example.com/hook", "https://1.1.1.1", "https://[2606:4700::1111]/", "http://example.com:8080/a?b=c"] {
            assert!(rules().check(public).is_ok(), "{public}: {:?}", rules().check(public));
        }
        for private in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://0x7f.0.0.1/",
            "http://0/",
            "http://0.0.0.0:80/",
            "http://10.0.0.1/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://198.18.0.1/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fc00::1]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
        ] {
            assert!(matches!(rules().check(private), Err(AddressRefused::Private(_))), "{private}: {:?}", rules().check(private));
        }
        for named in
            ["http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://metadata.google.internal/", "http://printer/"]
        {
            assert!(matches!(rules().check(named), Err(AddressRefused::PrivateName(_))), "{named}: {:?}", rules().check(named));
        }
    }

    #[test]
    fn urls_are_of_the_expected_form() {
        let strict = AddressRules::default();
        let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
        for (url, refused) in [
            ("", AddressRefused::NoUrl),
            ("example.com", AddressRefused::NoUrl),
            ("/hook", AddressRefused::NoUrl),
            (long.as_str(), AddressRefused::NoUrl),
            ("http://example.com", AddressRefused::Scheme),
            ("ftp://example.com", AddressRefused::Scheme),
            ("file:///etc/passwd", AddressRefused::Scheme),
            ("https://me@example.com", AddressRefused::Credentials),
            ("https://me:pw@example.com", AddressRefused::Credentials),
            ("https://example.com/#part", AddressRefused::Fragment),
            ("https://example.com:22/", AddressRefused::Port(22)),
            ("https://example.com:5432/", AddressRefused::Port(5432)),
        ] {
            assert_eq!(strict.check(url).unwrap_err(), refused, "{url}");
        }
        assert!(strict.check("https://example.com/a?b=c").is_ok());
        assert!(strict.check("https://example.com:8443/").is_ok());
    }

    #[test]
    fn networks_that_are_allowed_are_reached() {
        let networks = ["127.0.0.0/8", "10.1.2.3", "fd00::/8"].map(|text| text.parse().unwrap());
        let rules = AddressRules { allow_networks: networks.to_vec(), ..rules() };
        for url in ["http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://10.1.2.3/", "http://[fd00::1]/", "http://localhost/"] {
            assert!(rules.check(url).is_ok(), "{url}");
        }
        for url in ["http://10.1.2.4/", "http://[::1]/", "http://[fc00::1]/", "http://169.254.169.254/"] {
            assert!(rules.check(url).is_err(), "{url}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert_eq!("0.0.0.0/0".parse::<Network>().unwrap().to_string(), "0.0.0.0/0");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_resolved() {
        let refused = rules().resolve("localhost").await.unwrap_err();
        assert!(matches!(refused, AddressRefused::Private(address) if address.is_loopback()), "{refused}");
    }
}
