//! The facade as a user meets it.

use futures_core::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};
use twinloop::{Client, Config, ErrorKind, Message, Method, RedirectMode, Value, WebSocket};
use twinloop_fixtures::Fixtures;

fn run_with<T>(program: impl AsyncFnOnce(&Fixtures) -> T) -> T {
    let fixtures = Fixtures::start().expect("fixtures");
    twinloop::run(async {
        let connect_to = fixtures
            .connect_to()
            .iter()
            .map(|rule| rule.parse().expect("a rule"))
            .collect();
        let config = Config {
            connect_to,
            ca_file: Some(fixtures.ca_file.clone()),
            ..Config::default()
        };
        twinloop::set_client(Client::new(config).expect("a client"));
        program(&fixtures).await
    })
}

#[test]
fn run_gives_the_output_and_drops_what_still_runs() {
    let dropped = Rc::new(Cell::new(false));
    struct SetOnDrop(Rc<Cell<bool>>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let guard = SetOnDrop(dropped.clone());
    let output = twinloop::run(async move {
        drop(twinloop::spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }));
        twinloop::time::sleep(Duration::from_millis(1)).await;
        "output"
    });
    assert_eq!(output, "output");
    assert!(dropped.get());
}

#[test]
fn tasks_interleave_and_can_be_aborted() {
    twinloop::run(async {
        let steps = Rc::new(Cell::new(0));
        let counted = steps.clone();
        let task = twinloop::spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                twinloop::time::sleep(Duration::from_millis(1)).await;
            }
        });
        twinloop::time::sleep(Duration::from_millis(20)).await;
        assert!(steps.get() > 1);
        task.abort();
        assert!(task.await.unwrap_err().is_aborted());
        let panicked = twinloop::spawn(async { panic!("on purpose") });
        assert!(panicked.await.unwrap_err().is_panic());
    });
}

#[test]
fn blocking_work_does_not_stop_the_loop() {
    twinloop::run(async {
        let (send, receive) = std::sync::mpsc::channel();
        let blocked = twinloop::spawn_blocking(move || receive.recv().expect("the loop goes on"));
        twinloop::time::sleep(Duration::from_millis(5)).await;
        send.send(42).expect("the helper waits");
        assert_eq!(blocked.await.expect("no panic"), 42);
    });
}

#[test]
fn a_builder_sends_what_it_was_told() {
    run_with(async |_| {
        let seen: Value = twinloop::request(Method::PUT, "https://api.example.com/inspect?a=b")
            .header("x-one", "1")
            .header("x-one", "2")
            .json(&serde_json::json!({ "name": "new" }))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            (&seen["method"], &seen["query"]),
            (&"PUT".into(), &"a=b".into())
        );
        assert_eq!(seen["headers"]["x-one"], "1, 2");
        assert_eq!(seen["headers"]["content-type"], "application/json");
        assert_eq!(seen["body"], r#"{"name":"new"}"#);
    });
}

#[test]
fn a_mistake_in_a_builder_comes_out_where_it_is_sent() {
    run_with(async |_| {
        let error = twinloop::request(Method::GET, "no url")
            .header("bad name", "x")
            .send()
            .await
            .unwrap_err();
        assert!(error.is_url(), "{error}");
        let error = twinloop::request(Method::GET, "https://a.example")
            .header("bad name", "x")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        let redirected = twinloop::request(Method::GET, "https://api.example.com/redirect/2")
            .redirect(RedirectMode::Error);
        assert!(redirected.send().await.unwrap_err().is_redirect());
    });
}

#[test]
fn a_time_limit_aborts_the_request() {
    run_with(async |fixtures| {
        let hanging = twinloop::request(Method::GET, "http://api.example.com/hang")
            .timeout(Duration::from_millis(50));
        let error = hanging.send().await.unwrap_err();
        assert!(
            error.is_timeout() && error.to_string().contains("/hang"),
            "{error}"
        );
        let end = Instant::now() + Duration::from_secs(20);
        while fixtures.count().open > 0 {
            assert!(Instant::now() < end, "the connection stays open");
            twinloop::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

#[test]
fn a_websocket_is_a_stream_that_sends() {
    run_with(async |_| {
        let mut socket = WebSocket::connect("wss://example.com/ws-echo")
            .protocol("chat")
            .await
            .unwrap();
        assert_eq!(socket.protocol(), "chat");
        socket.send("text").await.unwrap();
        socket.send(vec![1, 2, 3]).await.unwrap();
        let next = async |socket: &mut WebSocket| {
            std::future::poll_fn(|context| Pin::new(&mut *socket).poll_next(context)).await
        };
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap(),
            Message::from("text")
        );
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap(),
            Message::from(vec![1, 2, 3])
        );
        assert_eq!(socket.close_status(), None);
    });
}

#[test]
fn each_run_has_its_own_client() {
    run_with(async |_| {
        assert!(
            twinloop::fetch("https://api.example.com/data")
                .await
                .unwrap()
                .ok()
        )
    });
    twinloop::run(async {
        let client = twinloop::client().unwrap();
        assert!(
            client.config().ca_file.is_none(),
            "the client of the run before is gone"
        );
    });
}
