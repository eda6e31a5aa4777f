//! `node:dns` against a name server of the test's own: what each method makes of the records, in both faces.

use std::net::UdpSocket;
use std::process::Command;

/// A server that has a record of each kind for any name; it ends with the test.
fn serve() -> std::net::SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&reply(&buffer[..length]), from);
        }
    });
    address
}

/// The reply to a question (RFC 1035, section 4): the question again, and a record with its kind. `0xc00c` is the question's name.
fn reply(question: &[u8]) -> Vec<u8> {
    let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
    let data: &[u8] = match kind {
        1 => &[192, 0, 2, 7],
        15 => b"\x00\x05\x04mail\xc0\x0c",
        16 => b"\x01a\x02bc",
        33 => b"\x00\x01\x00\x02\x00\x50\xc0\x0c",
        52 => &[3, 1, 1, 0xab],
        257 => b"\x00\x05issueca.test",
        _ => &[],
    };
    let mut reply = question.to_vec();
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[6..8].copy_from_slice(&[0, u8::from(!data.is_empty())]);
    if !data.is_empty() {
        reply.extend([0xc0, 0x0c]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        reply.extend(data);
    }
    reply
}

#[test]
fn each_method_gives_its_records_as_node_shows_them() {
    let program = format!(
        "import dns from 'node:dns';
        import promises from 'node:dns/promises';
        const server = '{}';
        promises.setServers([server]);
        const told = (method, ...given) => new Promise((tell) => dns[method](...given, (error, found) => tell(error?.code ?? found)));
        const name = 'a.test';
        console.log(JSON.stringify([
          await told('resolve4', name),
          await told('resolve4', name, {{ ttl: true }}),
          await told('resolve', name, 'MX'),
          await told('resolveNs', name),
          await promises.resolveTxt(name),
          await promises.resolveSrv(name),
          await promises.resolveCaa(name),
          [...new Uint8Array((await promises.resolveTlsa(name))[0].data)],
          dns.getServers()[0] === server,
        ]));",
        serve()
    );
    let output = Command::new(env!("CARGO_BIN_EXE_twinloop"))
        .args(["-e", &program])
        .output()
        .expect("the command runs");
    let expected = concat!(
        r#"[["192.0.2.7"],[{"address":"192.0.2.7","ttl":60}],[{"exchange":"mail.a.test","priority":5}],"ENODATA","#,
        r#"[["a","bc"]],[{"name":"a.test","port":80,"priority":1,"weight":2}],[{"critical":0,"issue":"ca.test"}],[171],true]"#,
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        expected,
        "{errors}"
    );
}
