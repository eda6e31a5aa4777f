//! Questions to name servers (RFC 1035), as `node:dns` asks them: each server in turn, over UDP, over TCP for what does not fit, and again with
//! more patience. The messages are the crate `hickory-proto`'s; who is asked, how often and how long is decided here, after c-ares, whose
//! codes the failures have. A question waits on its sockets, so it belongs on the blocking pool.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// Who is asked, and how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In the order in which they are asked.
    pub servers: Vec<SocketAddr>,
    /// Of the first round; each further one takes twice as long.
    pub timeout: Duration,
    /// The longest that a round may take of each server.
    pub most: Option<Duration>,
    /// How many rounds.
    pub tries: u32,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the records")]
pub enum Kind {
    A,
    Aaaa,
    Any,
    Caa,
    Cname,
    Mx,
    Naptr,
    Ns,
    Ptr,
    Soa,
    Srv,
    Tlsa,
    Txt,
}

impl Kind {
    /// By its name in capital letters.
    pub fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "A" => Kind::A,
            "AAAA" => Kind::Aaaa,
            "ANY" => Kind::Any,
            "CAA" => Kind::Caa,
            "CNAME" => Kind::Cname,
            "MX" => Kind::Mx,
            "NAPTR" => Kind::Naptr,
            "NS" => Kind::Ns,
            "PTR" => Kind::Ptr,
            "SOA" => Kind::Soa,
            "SRV" => Kind::Srv,
            "TLSA" => Kind::Tlsa,
            "TXT" => Kind::Txt,
            _ => return None,
        })
    }

    fn record_type(self) -> RecordType {
        match self {
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
            Kind::Any => RecordType::ANY,
            Kind::Caa => RecordType::CAA,
            Kind::Cname => RecordType::CNAME,
            Kind::Mx => RecordType::MX,
            Kind::Naptr => RecordType::NAPTR,
            Kind::Ns => RecordType::NS,
            Kind::Ptr => RecordType::PTR,
            Kind::Soa => RecordType::SOA,
            Kind::Srv => RecordType::SRV,
            Kind::Tlsa => RecordType::TLSA,
            Kind::Txt => RecordType::TXT,
        }
    }
}

/// A record of an answer; names are without the last dot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are named as the RFCs of their records name them"
)]
pub enum Answer {
    A {
        address: Ipv4Addr,
        ttl: u32,
    },
    Aaaa {
        address: Ipv6Addr,
        ttl: u32,
    },
    Caa {
        critical: u8,
        tag: String,
        value: String,
    },
    Cname(String),
    Mx {
        preference: u16,
        exchange: String,
    },
    Naptr {
        order: u16,
        preference: u16,
        flags: String,
        services: String,
        regexp: String,
        replacement: String,
    },
    Ns(String),
    Ptr(String),
    Soa {
        mname: String,
        rname: String,
        serial: u32,
        refresh: i32,
        retry: i32,
        expire: i32,
        minimum: u32,
    },
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    Tlsa {
        usage: u8,
        selector: u8,
        matching: u8,
        data: Vec<u8>,
    },
    Txt(Vec<String>),
}

/// Why there is no answer: a code of c-ares without its `E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure(pub &'static str);

/// How often a question that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Asks; false in `wanted` ends it.
///
/// # Errors
/// When no server has records of that kind, or none answers.
pub fn ask(
    settings: &Settings,
    name: &str,
    kind: Kind,
    wanted: &AtomicBool,
) -> Result<Vec<Answer>, Failure> {
    let mut name = Name::from_str_relaxed(name).map_err(|_| Failure("BADNAME"))?;
    name.set_fqdn(true);
    let mut last = Failure("CONNREFUSED");
    for round in 0..settings.tries {
        for server in &settings.servers {
            let wait = settings.timeout.saturating_mul(1 << round.min(16));
            let wait = settings.most.map_or(wait, |most| wait.min(most));
            match ask_one(*server, &name, kind, Instant::now() + wait, wanted) {
                Ok(answers) => return Ok(answers),
                Err(failure) => last = failure,
            }
            if !wanted.load(Ordering::Relaxed) {
                return Err(Failure("CANCELLED"));
            }
            // Another server, or another time, would say the same.
            if !matches!(
                last.0,
                "TIMEOUT" | "CONNREFUSED" | "SERVFAIL" | "NOTIMP" | "REFUSED"
            ) {
                return Err(last);
            }
        }
        if !matches!(last.0, "TIMEOUT" | "CONNREFUSED") {
            break;
        }
    }
    Err(last)
}

fn ask_one(
    server: SocketAddr,
    name: &Name,
    kind: Kind,
    until: Instant,
    wanted: &AtomicBool,
) -> Result<Vec<Answer>, Failure> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), kind.record_type()));
    let bytes = question.to_vec().map_err(|_| Failure("BADNAME"))?;
    let id = question.metadata.id;
    let mut reply = over_udp(server, &bytes, id, until, wanted).map_err(failed)?;
    if reply.as_ref().is_ok_and(|reply| reply.metadata.truncation) {
        reply = over_tcp(server, &bytes, until).map_err(failed)?;
    }
    let reply = reply.map_err(|()| Failure("BADRESP"))?;
    match reply.metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::FormErr => return Err(Failure("FORMERR")),
        ResponseCode::ServFail => return Err(Failure("SERVFAIL")),
        ResponseCode::NXDomain => return Err(Failure("NOTFOUND")),
        ResponseCode::NotImp => return Err(Failure("NOTIMP")),
        ResponseCode::Refused => return Err(Failure("REFUSED")),
        _ => return Err(Failure("BADRESP")),
    }
    let answers: Vec<_> = (reply.answers.iter())
        .filter(|record| kind == Kind::Any || record.record_type() == kind.record_type())
        .filter_map(answer)
        .collect();
    if answers.is_empty() {
        return Err(Failure("NODATA"));
    }
    Ok(answers)
}

fn failed(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure("TIMEOUT"),
        _ => Failure("CONNREFUSED"),
    }
}

/// The reply with this number; `Err` inside for bytes that are none.
fn over_udp(
    server: SocketAddr,
    question: &[u8],
    id: u16,
    until: Instant,
    wanted: &AtomicBool,
) -> io::Result<Result<Message, ()>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Whoever else sends is not heard, and a port that is closed is an error.
    socket.connect(server)?;
    socket.send(question)?;
    let mut buffer = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || !wanted.load(Ordering::Relaxed) {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left.min(LOOK)))?;
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        let reply = &buffer[..length];
        // A reply to an earlier question, or to nobody's.
        if length < 2 || u16::from_be_bytes([reply[0], reply[1]]) != id {
            continue;
        }
        return Ok(Message::from_vec(reply).map_err(|_| ()));
    }
}

fn over_tcp(
    server: SocketAddr,
    question: &[u8],
    until: Instant,
) -> io::Result<Result<Message, ()>> {
    let left = || {
        until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1))
    };
    let mut stream = TcpStream::connect_timeout(&server, left())?;
    stream.set_write_timeout(Some(left()))?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat())?;
    stream.set_read_timeout(Some(left()))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut reply)?;
    Ok(Message::from_vec(&reply).map_err(|_| ()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(name: &Name) -> String {
    let mut text = name.to_ascii();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// What is known of a record; `None` for kinds that nobody asks for.
fn answer(record: &Record) -> Option<Answer> {
    let ttl = record.ttl;
    Some(match &record.data {
        RData::A(address) => Answer::A {
            address: address.0,
            ttl,
        },
        RData::AAAA(address) => Answer::Aaaa {
            address: address.0,
            ttl,
        },
        RData::CAA(caa) => Answer::Caa {
            critical: if caa.issuer_critical { 128 } else { 0 },
            tag: caa.tag.clone(),
            value: text(&caa.value),
        },
        RData::CNAME(name) => Answer::Cname(shown(&name.0)),
        RData::MX(mx) => Answer::Mx {
            preference: mx.preference,
            exchange: shown(&mx.exchange),
        },
        RData::NAPTR(naptr) => Answer::Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            services: text(&naptr.services),
            regexp: text(&naptr.regexp),
            replacement: shown(&naptr.replacement),
        },
        RData::NS(name) => Answer::Ns(shown(&name.0)),
        RData::PTR(name) => Answer::Ptr(shown(&name.0)),
        RData::SOA(soa) => Answer::Soa {
            mname: shown(&soa.mname),
            rname: shown(&soa.rname),
            serial: soa.serial,
            refresh: soa.refresh,
            retry: soa.retry,
            expire: soa.expire,
            minimum: soa.minimum,
        },
        RData::SRV(srv) => Answer::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: shown(&srv.target),
        },
        RData::TLSA(tlsa) => Answer::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        },
        RData::TXT(txt) => Answer::Txt(txt.txt_data.iter().map(|part| text(part)).collect()),
        _ => return None,
    })
}

/// The name under which an address stands backwards (`in-addr.arpa`, `ip6.arpa`).
pub fn reverse_name(address: IpAddr) -> String {
    shown(&Name::from(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{MessageType, OpCode};
    use hickory_proto::rr::rdata::{A, MX, TXT};
    use std::net::TcpListener;
    use std::thread;

    fn settings(server: SocketAddr) -> Settings {
        Settings {
            servers: vec![server],
            timeout: Duration::from_millis(200),
            most: None,
            tries: 2,
        }
    }

    /// A server that answers each question over UDP as `reply` says; it ends with the test.
    fn serve(reply: impl Fn(&Message) -> Option<Message> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let question = Message::from_vec(&buffer[..length]).unwrap();
                if let Some(reply) = reply(&question) {
                    socket.send_to(&reply.to_vec().unwrap(), from).unwrap();
                }
            }
        });
        address
    }

    fn reply_to(question: &Message, code: ResponseCode, records: Vec<RData>) -> Message {
        let mut reply = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.response_code = code;
        let query = question.queries[0].clone();
        for data in records {
            reply
                .answers
                .push(Record::from_rdata(query.name().clone(), 60, data));
        }
        reply.add_query(query);
        reply
    }

    fn wanted() -> AtomicBool {
        AtomicBool::new(true)
    }

    #[test]
    fn records_of_the_kind_are_answers_and_others_are_not() {
        let server = serve(|question| {
            let records = vec![
                RData::A(A(Ipv4Addr::new(1, 2, 3, 4))),
                RData::MX(MX::new(5, Name::from_ascii("mail.test.").unwrap())),
                RData::TXT(TXT::new(vec!["a".into(), "b".into()])),
            ];
            Some(reply_to(question, ResponseCode::NoError, records))
        });
        let settings = settings(server);
        let address = Ipv4Addr::new(1, 2, 3, 4);
        assert_eq!(
            ask(&settings, "x.test", Kind::A, &wanted()),
            Ok(vec![Answer::A { address, ttl: 60 }])
        );
        assert_eq!(
            ask(&settings, "x.test", Kind::Any, &wanted())
                .unwrap()
                .len(),
            3
        );
        assert_eq!(
            ask(&settings, "x.test", Kind::Txt, &wanted()),
            Ok(vec![Answer::Txt(vec!["a".into(), "b".into()])])
        );
        assert_eq!(
            ask(&settings, "x.test", Kind::Srv, &wanted()),
            Err(Failure("NODATA"))
        );
    }

    #[test]
    fn codes_of_the_server_are_codes_of_failures() {
        for (code, name) in [
            (ResponseCode::NXDomain, "NOTFOUND"),
            (ResponseCode::ServFail, "SERVFAIL"),
            (ResponseCode::Refused, "REFUSED"),
            (ResponseCode::FormErr, "FORMERR"),
        ] {
            let server = serve(move |question| Some(reply_to(question, code, Vec::new())));
            assert_eq!(
                ask(&settings(server), "x.test", Kind::A, &wanted()),
                Err(Failure(name))
            );
        }
    }

    #[test]
    fn a_silent_server_is_asked_again_and_then_given_up() {
        let server = serve(|_| None);
        assert_eq!(
            ask(&settings(server), "x.test", Kind::A, &wanted()),
            Err(Failure("TIMEOUT"))
        );
        let asked = AtomicBool::new(false);
        assert_eq!(
            ask(&settings(server), "x.test", Kind::A, &asked),
            Err(Failure("CANCELLED"))
        );
    }

    #[test]
    fn the_next_server_is_asked_when_one_refuses() {
        let closed = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let open = serve(|question| {
            let records = vec![RData::A(A(Ipv4Addr::LOCALHOST))];
            Some(reply_to(question, ResponseCode::NoError, records))
        });
        let mut both = settings(closed);
        both.servers.push(open);
        assert!(ask(&both, "x.test", Kind::A, &wanted()).is_ok());
        assert_eq!(
            ask(&settings(closed), "x.test", Kind::A, &wanted()),
            Err(Failure("CONNREFUSED"))
        );
    }

    #[test]
    fn what_does_not_fit_is_asked_for_over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut short = reply_to(&question, ResponseCode::NoError, Vec::new());
            short.metadata.truncation = true;
            socket.send_to(&short.to_vec().unwrap(), from).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 2];
            stream.read_exact(&mut head).unwrap();
            let mut bytes = vec![0; u16::from_be_bytes(head).into()];
            stream.read_exact(&mut bytes).unwrap();
            let question = Message::from_vec(&bytes).unwrap();
            let records = vec![RData::A(A(Ipv4Addr::LOCALHOST))];
            let reply = reply_to(&question, ResponseCode::NoError, records)
                .to_vec()
                .unwrap();
            stream
                .write_all(&(reply.len() as u16).to_be_bytes())
                .unwrap();
            stream.write_all(&reply).unwrap();
        });
        assert!(ask(&settings(address), "x.test", Kind::A, &wanted()).is_ok());
    }

    #[test]
    fn addresses_stand_backwards_under_arpa() {
        assert_eq!(
            reverse_name("127.0.0.1".parse().unwrap()),
            "1.0.0.127.in-addr.arpa"
        );
    }
}
