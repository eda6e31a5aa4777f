//! Broadcast among the members of one machine: order, joining and leaving, those that are gone, and those that do not read.
//!
//! One loop stands for several processes here: urls that are written differently have connections of their own, also where they lead to the same folder.

mod common;

use common::{eventually, run};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use twinloop_loop::{Loop, time};
use twinloop_web::broadcast::{Channel, Event, LONGEST_BODY, Options, Reader, Token, Writer};
use twinloop_web::{Client, Config, ErrorKind, Gate};

/// The url of a folder, as the `number`th process writes it.
fn url(folder: &TempDir, number: usize) -> String {
    let path = folder.path().join("group");
    format!("local:{}{}", path.display(), "/".repeat(number))
}

fn client() -> Client {
    Client::new(Config::default()).unwrap()
}

fn quick() -> Options {
    Options {
        stall_timeout: Duration::from_millis(50),
        ..Options::default()
    }
}

fn open(folder: &TempDir, number: usize, name: &str) -> Channel {
    Channel::open(&client(), name, &url(folder, number), &Options::default()).unwrap()
}

fn value(text: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(text);
    writer.finish()
}

fn text_of(body: &[u8]) -> String {
    match Reader::new(body).next().unwrap() {
        Token::Text(text) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

/// The next message, or what else happens but that it opens.
async fn heard(channel: &Channel) -> String {
    loop {
        match channel.next().await.expect("it is open") {
            Event::Message(message) => return text_of(&message.body),
            Event::Open => {}
            other => return format!("{other:?}"),
        }
    }
}

/// Nothing comes that was under way.
async fn is_silent(channel: &Channel) -> bool {
    time::timeout(Duration::from_millis(30), heard(channel))
        .await
        .is_err()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn all_others_hear_in_order_and_nobody_hears_itself() {
    let folder = folder();
    run(async {
        let here = open(&folder, 1, "news");
        let beside = open(&folder, 1, "news");
        let there = open(&folder, 2, "news");
        let elsewhere = open(&folder, 3, "other news");
        for channel in [&here, &beside, &there, &elsewhere] {
            channel.ready().await.unwrap();
        }
        for number in 0..100 {
            here.post(&value(&format!("{number}"))).unwrap();
        }
        for number in 0..100 {
            assert_eq!(heard(&beside).await, number.to_string());
            assert_eq!(heard(&there).await, number.to_string());
        }
        there.post(&value("back")).unwrap();
        assert_eq!(heard(&here).await, "back");
        assert_eq!(heard(&beside).await, "back");
        for channel in [&here, &beside, &there, &elsewhere] {
            assert!(is_silent(channel).await);
        }
    });
}

#[test]
fn what_is_posted_before_the_others_are_known_reaches_them_and_outlives_the_channel() {
    let folder = folder();
    run(async {
        let there = open(&folder, 2, "news");
        there.ready().await.unwrap();
        let here = open(&folder, 1, "news");
        here.post(&value("at once")).unwrap();
        drop(here);
        assert_eq!(heard(&there).await, "at once");
    });
}

#[test]
fn who_is_ready_hears_all_that_is_posted_afterwards_however_many_come_at_once() {
    let folder = folder();
    run(async {
        let channels: Vec<Channel> = (1..=8)
            .map(|number| open(&folder, number, "news"))
            .collect();
        for channel in &channels {
            channel.ready().await.unwrap();
        }
        for (number, channel) in channels.iter().enumerate() {
            channel.post(&value(&number.to_string())).unwrap();
        }
        for (number, channel) in channels.iter().enumerate() {
            let mut numbers = Vec::new();
            for _ in 1..channels.len() {
                numbers.push(heard(channel).await);
            }
            numbers.sort();
            let others = (0..channels.len()).filter(|other| *other != number);
            assert_eq!(
                numbers,
                others.map(|other| other.to_string()).collect::<Vec<_>>()
            );
        }
    });
}

#[test]
fn rooms_are_joined_and_left_by_one_connection_and_a_closed_channel_is_at_its_end() {
    let folder = folder();
    run(async {
        let here = open(&folder, 1, "lobby");
        here.ready().await.unwrap();
        let there = open(&folder, 2, "lobby");
        there.ready().await.unwrap();
        let room = open(&folder, 2, "room");
        room.ready().await.unwrap();
        let speaker = open(&folder, 1, "room");
        speaker.post(&value("in the room")).unwrap();
        assert_eq!(heard(&room).await, "in the room");
        room.close();
        assert_eq!(room.next().await, None);
        assert!(room.post(&value("too late")).unwrap_err().is_closed());
        speaker.post(&value("to nobody")).unwrap();
        here.post(&value("in the lobby")).unwrap();
        assert_eq!(heard(&there).await, "in the lobby");
        assert!(is_silent(&there).await);
        let sockets = std::fs::read_dir(folder.path().join("group"))
            .unwrap()
            .count();
        assert_eq!(sockets, 2);
    });
}

#[test]
fn the_socket_of_a_process_that_was_killed_is_taken_away_and_stops_nobody() {
    let folder = folder();
    let group = folder.path().join("group");
    make_private(&group);
    let left = group.join("00000000000000aa");
    drop(UnixListener::bind(&left).unwrap());
    run(async {
        let here = open(&folder, 1, "news");
        here.ready().await.unwrap();
        assert!(!left.exists());
        drop(here);
        eventually("the last one takes the folder away", || !group.exists()).await;
    });
}

#[test]
fn a_process_that_never_answers_is_not_waited_for_without_end() {
    let folder = folder();
    let group = folder.path().join("group");
    make_private(&group);
    let silent = UnixListener::bind(group.join("00000000000000bb")).unwrap();
    run(async {
        let here = open(&folder, 1, "news");
        let there = open(&folder, 2, "news");
        here.ready().await.unwrap();
        there.ready().await.unwrap();
        here.post(&value("all the same")).unwrap();
        assert_eq!(heard(&there).await, "all the same");
    });
    drop(silent);
}

fn make_private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .unwrap();
}

#[test]
fn who_waits_before_it_posts_loses_nothing_to_a_slow_reader() {
    let folder = folder();
    run(async {
        let here = open(&folder, 1, "news");
        let there = open(&folder, 2, "news");
        here.ready().await.unwrap();
        there.ready().await.unwrap();
        let body = vec![7; 64 * 1024];
        let writer = Loop::current().spawn(async move {
            for _ in 0..1000 {
                here.drain().await;
                here.post(&body).unwrap();
            }
            here
        });
        let mut came = 0;
        while came < 1000 {
            match there.next().await.unwrap() {
                Event::Message(message) => {
                    assert_eq!(message.body.len(), 64 * 1024);
                    came += 1;
                }
                Event::Open => {}
                other => panic!("{other:?}"),
            }
        }
        drop(writer.await.unwrap());
    });
}

#[test]
fn a_reader_that_takes_nothing_holds_nobody_up_and_is_told_how_much_it_lost() {
    let folder = folder();
    run(async {
        let here = Channel::open(&client(), "news", &url(&folder, 1), &quick()).unwrap();
        let there = open(&folder, 2, "news");
        here.ready().await.unwrap();
        there.ready().await.unwrap();
        let body = vec![7; 64 * 1024];
        const POSTED: u64 = 1000;
        for _ in 0..POSTED {
            // Waits once in vain, and then no more.
            here.drain().await;
            here.post(&body).unwrap();
        }
        let (mut came, mut lost) = (0, 0);
        while came + lost < POSTED {
            match there.next().await.unwrap() {
                Event::Message(_) => came += 1,
                Event::Lost(count) => lost += count,
                Event::Open => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(came > 200 && lost > 200, "{came} came, {lost} were lost");
        here.post(&value("the next")).unwrap();
        assert_eq!(heard(&there).await, "the next");
    });
}

#[test]
fn a_channel_that_nobody_reads_stops_the_others_of_its_process_for_a_while_only() {
    let folder = folder();
    run(async {
        let forgotten = Channel::open(&client(), "flood", &url(&folder, 2), &quick()).unwrap();
        let there = open(&folder, 2, "news");
        let here = open(&folder, 1, "news");
        let flood = open(&folder, 1, "flood");
        for channel in [&forgotten, &there, &here, &flood] {
            channel.ready().await.unwrap();
        }
        for _ in 0..3000 {
            flood.post(&value("drop")).unwrap();
        }
        here.post(&value("heard")).unwrap();
        assert_eq!(heard(&there).await, "heard");
        let (mut came, mut lost) = (0, 0);
        while came + lost < 3000 {
            match forgotten.next().await.unwrap() {
                Event::Message(_) => came += 1,
                Event::Lost(count) => lost += count,
                Event::Open => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(came >= 1024 && lost > 0, "{came} came, {lost} were lost");
    });
}

#[test]
fn bad_urls_names_and_messages_are_refused_by_name() {
    let folder = folder();
    run(async {
        let refused = |name: &str, url: &str| {
            Channel::open(&client(), name, url, &Options::default()).unwrap_err()
        };
        assert!(refused("news", "local:").is_url());
        assert!(refused("news", "gopher://here").is_scheme());
        assert_eq!(
            refused(&"n".repeat(2000), "local:x").kind(),
            ErrorKind::Argument
        );
        let config = Config {
            gate: Some(Gate::new(|_, _| Ok(()))),
            ..Config::default()
        };
        let limited = Client::new(config).unwrap();
        let denied = Channel::open(&limited, "news", &url(&folder, 1), &Options::default());
        assert!(denied.unwrap_err().is_denied());
        let here = open(&folder, 1, "news");
        let error = here.post(&vec![0; LONGEST_BODY + 1]).unwrap_err();
        assert!(
            error.is_argument() && error.to_string().contains("16777217"),
            "{error}"
        );
        let nowhere = format!("local:{}", folder.path().join("not/there").display());
        let nowhere = Channel::open(&client(), "news", &nowhere, &Options::default()).unwrap();
        assert!(nowhere.ready().await.unwrap_err().is_file());
        assert!(nowhere.post(&value("lost")).unwrap_err().is_file());
    });
}
