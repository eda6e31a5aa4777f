//! Files: what is written is read, and an error says what, where and why.

mod common;

use common::run;
use std::io::{ErrorKind, SeekFrom};
use twinloop_web::fs::{self, OpenOptions};

#[test]
fn what_is_written_and_appended_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.txt");
    run(async {
        fs::write(&path, "first\n").await.unwrap();
        fs::append(&path, "zweite Zeile ä\n").await.unwrap();
        assert_eq!(
            fs::read_to_string(&path).await.unwrap(),
            "first\nzweite Zeile ä\n"
        );
        assert_eq!(fs::metadata(&path).await.unwrap().len(), 22);
        fs::truncate(&path, 5).await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"first");
        fs::write(&path, [0xff, 0xfe]).await.unwrap();
        assert_eq!(
            fs::read_to_string(&path).await.unwrap_err().io_kind(),
            Some(ErrorKind::InvalidData)
        );
    });
}

#[test]
fn an_open_file_has_a_position_and_offsets_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    run(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = fs::open(&path, options).await.unwrap();
        file.write("0123456789").await.unwrap();
        file.write_at(2, "ab").await.unwrap();
        assert_eq!(
            file.read(100).await.unwrap(),
            b"",
            "the position is at the end"
        );
        assert_eq!(file.seek(SeekFrom::Start(1)).await.unwrap(), 1);
        assert_eq!(file.read(4).await.unwrap(), b"1ab4");
        assert_eq!(file.read_at(8, 100).await.unwrap(), b"89");
        assert_eq!(file.read_to_end().await.unwrap(), b"56789");
        file.set_len(3).await.unwrap();
        file.sync_all().await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 3);
        file.close().await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"01a");
    });
}

#[test]
fn directories_links_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    run(async {
        fs::create_dir_all(root.join("a/b/c"), 0o777).await.unwrap();
        fs::create_dir_all(root.join("a/b/c"), 0o777).await.unwrap();
        fs::write(root.join("a/one"), "1").await.unwrap();
        fs::symlink("one", root.join("a/link")).await.unwrap();
        fs::hard_link(root.join("a/one"), root.join("a/hard"))
            .await
            .unwrap();
        let mut names: Vec<_> = fs::read_dir(root.join("a"))
            .await
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        names.sort();
        assert_eq!(names, ["b", "hard", "link", "one"]);
        assert_eq!(
            fs::read_link(root.join("a/link"))
                .await
                .unwrap()
                .as_os_str(),
            "one"
        );
        assert!(
            fs::symlink_metadata(root.join("a/link"))
                .await
                .unwrap()
                .is_symlink()
        );
        assert_eq!(
            fs::canonicalize(root.join("a/b/../link")).await.unwrap(),
            root.canonicalize().unwrap().join("a/one")
        );
        assert_eq!(
            fs::copy(root.join("a/one"), root.join("two"))
                .await
                .unwrap(),
            1
        );
        fs::rename(root.join("two"), root.join("three"))
            .await
            .unwrap();
        assert!(
            fs::exists(root.join("three")).await.unwrap()
                && !fs::exists(root.join("two")).await.unwrap()
        );
        fs::access(root.join("three"), 4).await.unwrap();
        let temporary = fs::create_temporary_dir(root.join("tmp-")).await.unwrap();
        assert!(temporary.is_dir() && temporary.to_str().unwrap().contains("tmp-"));
        fs::remove_file(root.join("three")).await.unwrap();
        fs::remove_dir(&temporary).await.unwrap();
        fs::remove_dir_all(root.join("a")).await.unwrap();
        assert_eq!(fs::read_dir(root).await.unwrap().len(), 0);
    });
}

#[test]
fn an_error_names_operation_path_and_cause() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.txt");
    run(async {
        let error = fs::read(&missing).await.unwrap_err();
        assert!(error.is_file());
        assert_eq!(
            (error.operation(), error.path()),
            (Some("open"), Some(missing.as_path()))
        );
        assert_eq!(
            (error.io_kind(), error.raw_os_error()),
            (Some(ErrorKind::NotFound), Some(2))
        );
        assert!(
            error.chain().contains("cannot open '") && error.chain().contains("missing.txt"),
            "{}",
            error.chain()
        );

        let error = fs::rename(&missing, folder.path().join("other"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.operation(), error.destination()),
            (Some("rename"), Some(folder.path().join("other").as_path()))
        );

        let error = fs::read(folder.path()).await.unwrap_err();
        assert_eq!(
            (error.operation(), error.io_kind()),
            (Some("read"), Some(ErrorKind::IsADirectory))
        );
    });
}

#[test]
fn an_operation_whose_future_is_dropped_still_happens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late");
    run(async {
        drop(fs::write(&path, "written"));
        common::eventually("the file has its content", || {
            std::fs::read(&path).is_ok_and(|bytes| bytes == b"written")
        })
        .await;
    });
}

#[test]
fn many_files_at_once_are_all_read_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        for number in 0..500 {
            fs::write(folder.path().join(number.to_string()), number.to_string())
                .await
                .unwrap();
        }
        let before = common::open_descriptors();
        let reads: Vec<_> = (0..500)
            .map(|number| fs::read_to_string(folder.path().join(number.to_string())))
            .collect();
        for (number, read) in reads.into_iter().enumerate() {
            assert_eq!(read.await.unwrap(), number.to_string());
        }
        common::eventually("descriptors are closed", || {
            common::open_descriptors() <= before
        })
        .await;
    });
}

#[test]
fn small_and_large_and_made_up_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        for size in [0, 1, 2048, 65_536, 65_537, 3_000_000] {
            let path = folder.path().join(size.to_string());
            let content: Vec<u8> = (0..size).map(|index| index as u8).collect();
            fs::write(&path, content.clone()).await.unwrap();
            assert!(fs::read(&path).await.unwrap() == content, "{size}");
        }
        let status = fs::read_to_string("/proc/self/status").await.unwrap();
        assert!(
            status.contains("Threads:"),
            "a file that says that it is empty"
        );
    });
}

#[test]
fn a_chain_of_reads_lets_other_tasks_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    run(async {
        fs::write(&path, "small").await.unwrap();
        let reading = twinloop_loop::Loop::current().spawn(async move {
            loop {
                fs::read(&path).await.unwrap();
            }
        });
        twinloop_loop::time::sleep(std::time::Duration::from_millis(5)).await;
        twinloop_loop::time::sleep(std::time::Duration::from_millis(5)).await;
        reading.abort();
    });
}

/// What a watch tells until it has told of this name.
async fn told(watch: &fs::Watch, last: &str) -> Vec<(fs::Change, String)> {
    let mut all = Vec::new();
    loop {
        for event in watch.next().await.unwrap() {
            let name = event.name.unwrap().to_str().unwrap().to_owned();
            let is_last = name == last;
            all.push((event.change, name));
            if is_last {
                return all;
            }
        }
    }
}

#[test]
fn a_watched_folder_tells_of_names_and_of_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    run(async {
        let watch = fs::Watch::start(folder.path(), false).unwrap();
        // Two watches of one place are told both.
        let other = fs::Watch::start(folder.path(), false).unwrap();
        std::fs::write(&path, "1").unwrap();
        assert_eq!(
            told(&watch, "a").await[0],
            (fs::Change::Name, "a".to_owned())
        );
        drop(watch);
        assert_eq!(
            told(&other, "a").await[0],
            (fs::Change::Name, "a".to_owned())
        );
        let file = fs::Watch::start(&path, false).unwrap();
        std::fs::write(&path, "2").unwrap();
        assert_eq!(
            told(&file, "a").await[0],
            (fs::Change::Content, "a".to_owned())
        );
        file.close();
        assert_eq!(file.next().await.unwrap(), []);
    });
}

#[test]
fn a_watched_tree_tells_of_folders_that_come_and_move() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("old/inner")).unwrap();
    run(async {
        let watch = fs::Watch::start(folder.path(), true).unwrap();
        std::fs::write(folder.path().join("old/inner/x"), "").unwrap();
        told(&watch, "old/inner/x").await;
        // Made at once: the watch of `new` comes too late for what is in it.
        std::fs::create_dir_all(folder.path().join("new/deep")).unwrap();
        std::fs::write(folder.path().join("new/deep/y"), "").unwrap();
        told(&watch, "new/deep/y").await;
        std::fs::rename(folder.path().join("new"), folder.path().join("moved")).unwrap();
        told(&watch, "moved").await;
        std::fs::write(folder.path().join("moved/deep/z"), "").unwrap();
        told(&watch, "moved/deep/z").await;
        // What has left the tree is none of its business.
        std::fs::rename(folder.path().join("moved"), outside.path().join("moved")).unwrap();
        told(&watch, "moved").await;
        std::fs::write(outside.path().join("moved/deep/far"), "").unwrap();
        std::fs::write(folder.path().join("last"), "").unwrap();
        let names: Vec<_> = told(&watch, "last").await;
        assert!(
            names.iter().all(|(_, name)| !name.contains("far")),
            "{names:?}"
        );
    });
}

#[test]
fn what_is_not_there_cannot_be_watched() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        for recursive in [false, true] {
            let error = fs::Watch::start(folder.path().join("none"), recursive).err();
            let error = error.expect("there is no such file");
            assert!(error.is_file());
            assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
        }
    });
}
