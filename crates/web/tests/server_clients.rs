//! Clients that last too long, take too much, do not read, or go; and the end of a server.

mod common;

use bytes::Bytes;
use common::serving::{ask, exchange, exchange_lossy, hello, start, undated};
use common::{eventually, run};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_web::server::{Exchange, Fields, Limits};

#[test]
fn who_waits_to_write_hears_that_the_client_has_gone() {
    run(async {
        let waits = Rc::new(Cell::new(false));
        let ended = Rc::new(Cell::new(false));
        let (full, over) = (Rc::clone(&waits), Rc::clone(&ended));
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let (full, over) = (Rc::clone(&full), Rc::clone(&over));
            drop(Loop::current().spawn(async move {
                exchange.begin(200, &Fields::new()).unwrap();
                while exchange.ready().await.is_ok() && exchange.write(vec![0; 65_536]).is_ok() {
                    full.set(exchange.queued() > 65_536);
                }
                over.set(true);
            }));
        });
        let mut client = TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        eventually("the handler waits", || waits.get()).await;
        assert!(!ended.get(), "nobody has gone");
        drop(client);
        eventually("the handler hears that the client has gone", || ended.get()).await;
        server.close().await;
    });
}

#[test]
fn a_body_over_the_limit_fails_its_reader_and_the_connection_ends() {
    run(async {
        let limits = Limits {
            body_bytes: 1000,
            ..Limits::default()
        };
        let (server, address) = start(limits, |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let failure = exchange.body().await.unwrap_err();
                assert!(failure.is_full(), "{failure}");
                exchange.respond(413, &Fields::new(), "").unwrap();
            }));
        });
        let body = "x".repeat(5000);
        let answer = exchange_lossy(
            address,
            format!(
                "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n{body}"
            ),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        server.close().await;
    });
}

#[test]
fn what_nobody_reads_stays_with_the_client() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(300)).await;
                let mut length = 0;
                while let Some(chunk) = exchange.next_chunk().await {
                    length += chunk.unwrap().len();
                }
                exchange
                    .respond(200, &Fields::new(), length.to_string())
                    .unwrap();
            }));
        });
        let (sent, answer) = ask(address, |mut stream| {
            let total = 64 << 20;
            let head = format!(
                "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {total}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            let block = vec![1; 1 << 20];
            let mut sent = 0;
            let end = std::time::Instant::now() + Duration::from_millis(150);
            while std::time::Instant::now() < end && sent < total {
                sent += stream.write(&block).unwrap_or(0);
            }
            stream.set_nonblocking(false).unwrap();
            let before = sent;
            while sent < total {
                let most = block.len().min(total - sent);
                sent += stream.write(&block[..most]).unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            (before, answer)
        })
        .await;
        assert!(
            sent < 32 << 20,
            "{sent} bytes were taken before anybody read"
        );
        assert!(answer.ends_with("\r\n\r\n67108864"), "{answer}");
        server.close().await;
    });
}

#[test]
fn a_client_that_does_not_read_keeps_the_writer_waiting() {
    let most = Rc::new(RefCell::new(0));
    let seen = Rc::clone(&most);
    run(async move {
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let seen = Rc::clone(&seen);
            drop(Loop::current().spawn(async move {
                exchange.begin(200, &Fields::new()).unwrap();
                let block = Bytes::from(vec![b'x'; 100_000]);
                for _ in 0..400 {
                    if exchange.ready().await.is_err() {
                        return;
                    }
                    exchange.write(block.clone()).unwrap();
                    let queued = exchange.queued();
                    let most = &mut *seen.borrow_mut();
                    *most = queued.max(*most);
                }
                exchange.finish(&Fields::new()).unwrap();
            }));
        });
        let length = ask(address, |mut stream| {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .unwrap();
            std::thread::sleep(Duration::from_millis(200));
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer.len()
        })
        .await;
        assert!(length > 40_000_000);
        server.close().await;
    });
    assert!(*most.borrow() < 300_000, "{} bytes waited", most.borrow());
}

#[test]
fn times_end_what_lasts_too_long() {
    run(async {
        let limits = Limits {
            head_time: Duration::from_secs(1),
            body_time: Duration::from_secs(1),
            idle_time: Duration::from_secs(1),
            ..Limits::default()
        };
        let (server, address) = start(limits, |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                if exchange.body().await.is_ok() {
                    hello(exchange);
                }
            }));
        });
        let answer_to = |bytes: &'static str| {
            ask(address, move |mut stream| {
                stream.write_all(bytes.as_bytes()).unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                undated(&answer)
            })
        };
        let silent = answer_to("");
        let head = answer_to("GET / HTTP/1.1\r\nhos");
        let idle = answer_to("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        let body = answer_to("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab");
        assert_eq!(silent.await, "");
        assert!(head.await.starts_with("HTTP/1.1 408 "));
        assert!(idle.await.ends_with("\r\n\r\nGET /"));
        assert!(!body.await.contains("200"));
        server.close().await;
    });
}

#[test]
fn closing_lets_what_is_under_way_end_and_lets_nobody_in() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(300)).await;
                hello(exchange);
            }));
        });
        let slow =
            Loop::current().spawn(exchange(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"));
        eventually("the request is there", || server.connections() == 1).await;
        twinloop_loop::time::sleep(Duration::from_millis(50)).await;
        let closing = Loop::current().spawn({
            let server = server.clone();
            async move { server.close().await }
        });
        let answer = slow.await.unwrap();
        assert!(
            answer.contains("connection: close\r\n") && answer.ends_with("GET /slow"),
            "{answer}"
        );
        closing.await.unwrap();
        assert!(TcpStream::connect(address).is_err());
    });
}

#[test]
fn who_connected_before_the_server_closed_is_answered() {
    run(async {
        let (server, address) = start(Limits::default(), hello);
        let late = Loop::current().spawn(ask(address, |mut stream| {
            std::thread::sleep(Duration::from_millis(300));
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        }));
        let silent = Loop::current().spawn(ask(address, |mut stream| {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        }));
        eventually("both are there", || server.connections() == 2).await;
        server.close().await;
        assert!(late.await.unwrap().ends_with("GET /"));
        assert_eq!(silent.await.unwrap(), "");
    });
}

#[test]
fn a_client_that_goes_is_told_of() {
    let gone = Rc::new(RefCell::new(0));
    let told = Rc::clone(&gone);
    run(async move {
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let told = Rc::clone(&told);
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| exchange.poll_gone(context)).await;
                *told.borrow_mut() += 1;
            }));
        });
        for how in [Shutdown::Write, Shutdown::Both] {
            ask(address, move |mut stream| {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                    .unwrap();
                std::thread::sleep(Duration::from_millis(50));
                stream.shutdown(how).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            })
            .await;
        }
        eventually("both went", || *gone.borrow() == 2).await;
        eventually("nothing is left", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn whoever_waits_for_an_exchange_that_has_ended_hears_of_it() {
    run(async {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let told = Rc::clone(&heard);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let exchange = Rc::new(exchange);
            let (reading, watching) = (Rc::clone(&exchange), Rc::clone(&exchange));
            let (told, also) = (Rc::clone(&told), Rc::clone(&told));
            drop(Loop::current().spawn(async move {
                let failure = reading.body().await.unwrap_err();
                assert!(failure.is_closed(), "{failure}");
                told.borrow_mut().push("read");
            }));
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| watching.poll_gone(context)).await;
                also.borrow_mut().push("gone");
            }));
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(20)).await;
                exchange.respond(200, &Fields::new(), "early").unwrap();
            }));
        });
        let answer = ask(address, |mut stream| {
            stream
                .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 500000\r\n\r\nsome")
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        })
        .await;
        assert!(answer.ends_with("early"), "{answer}");
        eventually("both are told", || heard.borrow().len() == 2).await;
        server.close().await;
    });
}

#[test]
fn the_end_of_an_exchange_is_told_though_its_connection_stays() {
    run(async {
        let is_told = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&is_told);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let exchange = Rc::new(exchange);
            let (waits, tells) = (Rc::clone(&exchange), Arc::clone(&tells));
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| waits.poll_gone(context)).await;
                assert_eq!(waits.status(), 201);
                tells.store(true, Ordering::SeqCst);
            }));
            drop(Loop::current().spawn(async move {
                exchange.respond(201, &Fields::new(), "").unwrap();
            }));
        });
        let was_told = ask(address, move |mut stream| {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            // The connection is open meanwhile.
            (0..1000).any(|_| {
                std::thread::sleep(Duration::from_millis(5));
                is_told.load(Ordering::SeqCst)
            })
        })
        .await;
        assert!(was_told);
        server.close().await;
    });
}

#[test]
fn a_slow_reader_gets_the_whole_of_the_last_answer_of_its_connection() {
    run(async {
        // For what comes after it is sent, and not for sending it.
        let limits = Limits {
            lingering_time: Duration::from_millis(1),
            ..Limits::default()
        };
        let (server, address) = start(limits, |exchange: Exchange| {
            exchange
                .respond(200, &Fields::new(), vec![b'x'; 30_000_000])
                .unwrap();
        });
        let length = ask(address, |mut stream| {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .unwrap();
            // Longer than between two looks at what lasts too long.
            std::thread::sleep(Duration::from_millis(2500));
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer.len()
        })
        .await;
        assert!(length > 30_000_000, "{length} bytes came");
        eventually("nothing is left", || server.connections() == 0).await;
        server.close().await;
    });
}
