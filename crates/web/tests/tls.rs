//! Connections over memory: whatever the pieces in which bytes come, both ends agree; what was changed on its way is refused.

use std::rc::Rc;

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509NameBuilder};
use twinloop_web::tls::{Connection, Context, Reading, Version};

/// A key and a certificate of itself, in PEM.
fn identity() -> (Vec<u8>, Vec<u8>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    let (from, to) = (Asn1Time::from_unix(0), Asn1Time::days_from_now(1));
    builder.set_not_before(&from.unwrap()).unwrap();
    builder.set_not_after(&to.unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (
        key.private_key_to_pem_pkcs8().unwrap(),
        builder.build().to_pem().unwrap(),
    )
}

/// Both ends of a connection that has not begun.
fn ends(most: Version) -> [Connection; 2] {
    let (key, certificate) = identity();
    let server = Rc::new(Context::new(None, Some(most)).unwrap());
    server.set_certificate(&certificate).unwrap();
    server.set_key(&key, None).unwrap();
    let client = Rc::new(Context::new(None, None).unwrap());
    client.add_authorities(&certificate).unwrap();
    [
        Connection::new(&client, false).unwrap(),
        Connection::new(&server, true).unwrap(),
    ]
}

/// Brings what one end has to say to the other, in pieces of this size.
fn carry(ends: &mut [Connection; 2], from: usize, size: usize) {
    for piece in ends[from].take_outgoing().chunks(size) {
        ends[1 - from].feed(piece);
        if !ends[1 - from].is_done() {
            ends[1 - from].handshake().unwrap();
        }
    }
}

fn connected(most: Version, size: usize) -> [Connection; 2] {
    let mut ends = ends(most);
    assert!(!ends[0].handshake().unwrap());
    for _ in 0..6 {
        carry(&mut ends, 0, size);
        carry(&mut ends, 1, size);
    }
    assert!(ends.iter().all(Connection::is_done));
    ends
}

fn read(end: &mut Connection) -> (Vec<u8>, Reading) {
    let mut buffer = vec![0; 64 * 1024];
    let mut all = Vec::new();
    loop {
        let (count, outcome) = end.read(&mut buffer);
        all.extend_from_slice(&buffer[..count]);
        match outcome.unwrap() {
            Reading::More => {}
            other => return (all, other),
        }
    }
}

#[test]
fn both_ends_agree_whatever_the_pieces() {
    for most in [Version::Tls1_2, Version::Tls1_3] {
        for size in [1, 7, 1000, 100_000] {
            let mut ends = connected(most, size);
            let sent: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
            for from in [0, 1] {
                assert!(ends[from].write(&sent).unwrap());
                let mut got = Vec::new();
                for piece in ends[from].take_outgoing().chunks(size.max(100)) {
                    ends[1 - from].feed(piece);
                    got.extend(read(&mut ends[1 - from]).0);
                }
                assert!(got == sent, "{most:?} in pieces of {size}");
            }
            ends[0].close();
            carry(&mut ends, 0, size);
            assert_eq!(read(&mut ends[1]), (Vec::new(), Reading::Ended));
        }
    }
}

#[test]
fn who_is_trusted_is_verified() {
    let ends = connected(Version::Tls1_3, 1000);
    assert_eq!(ends[0].verdict().map(|(number, _)| number), Some(0));
    assert_eq!(ends[0].peer_certificates().len(), 1);
    assert_eq!(ends[0].finished(true), ends[1].finished(false));
}

#[test]
fn a_changed_record_is_refused() {
    let mut ends = connected(Version::Tls1_3, 1000);
    assert!(ends[0].write(b"hello").unwrap());
    let mut bytes = ends[0].take_outgoing();
    *bytes.last_mut().unwrap() ^= 1;
    ends[1].feed(&bytes);
    let fault = ends[1].read(&mut vec![0; 64 * 1024]).1.unwrap_err();
    assert_eq!(
        fault.reason.as_deref(),
        Some("decryption failed or bad record mac")
    );
}

#[test]
fn half_a_record_waits_for_the_other_half() {
    let mut ends = connected(Version::Tls1_3, 1000);
    assert!(ends[0].write(b"hello").unwrap());
    let bytes = ends[0].take_outgoing();
    ends[1].feed(&bytes[..bytes.len() - 1]);
    assert_eq!(read(&mut ends[1]), (Vec::new(), Reading::Waits));
    ends[1].feed(&bytes[bytes.len() - 1..]);
    assert_eq!(read(&mut ends[1]).0, b"hello");
}

#[test]
fn what_is_no_handshake_is_a_fault() {
    let [_, mut server] = ends(Version::Tls1_3);
    server.feed(b"GET / HTTP/1.1\r\n\r\n");
    let fault = server.handshake().unwrap_err();
    assert_eq!(fault.reason.as_deref(), Some("http request"));
    assert!(fault.message.starts_with("error:0A00009C:SSL routines:"));
}
