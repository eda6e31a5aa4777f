//! What options grant.

use super::*;

fn permissions(options: &[(&str, &str)]) -> Limits {
    let mut options: Vec<(String, String)> = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    options.push(("--permission".to_owned(), String::new()));
    let limits = Limits::default();
    limits.set(Permissions::of_options(&options).unwrap());
    limits
}

#[test]
fn without_the_option_nothing_is_limited() {
    let limits = Limits::default();
    assert!(limits.path(Access::READ, Path::new("/etc/passwd")).is_ok());
    assert!(limits.host("example.com:443").is_ok());
    assert!(limits.run("ls").is_ok());
    assert!(limits.worker().is_ok());
    assert!(Permissions::of_options(&[]).unwrap().is_none());
    let alone = [("--allow-net".to_owned(), String::new())];
    let error = Permissions::of_options(&alone).unwrap_err();
    assert!(error.contains("--allow-net") && error.contains("--permission"));
}

#[test]
fn a_path_is_granted_with_what_is_below_it_and_judged_by_where_it_leads() {
    let folder = std::env::temp_dir().join(format!("twinloop-permit-{}", std::process::id()));
    let inside = folder.join("inside");
    std::fs::create_dir_all(&inside).unwrap();
    std::os::unix::fs::symlink("/etc", inside.join("out")).unwrap();
    std::os::unix::fs::symlink("../new", inside.join("dangling")).unwrap();
    std::os::unix::fs::symlink("loop", inside.join("loop")).unwrap();
    let limits = permissions(&[("--allow-read", inside.to_str().unwrap())]);
    let may = |name: &str| limits.path(Access::READ, &inside.join(name)).is_ok();
    assert!(may("file") && may("a/../file") && may("") && may("new/deep/file") && may("loop"));
    assert!(!may("../file") && !may("out/passwd") && !may("out/../file") && !may("dangling"));
    assert!(!may("/proc/self/root/etc/passwd"));
    assert!(limits.path(Access::READ_NAME, &inside.join("out")).is_ok());
    assert!(
        limits
            .path(Access::READ_AND_WRITE_NAME, &inside.join("out"))
            .is_err()
    );
    assert!(limits.path(Access::WRITE, &inside).is_err());
    let begun = format!("{}/in*", folder.display());
    let limits = permissions(&[("--allow-fs-read", &begun)]);
    assert!(limits.path(Access::READ, &inside).is_ok());
    assert!(limits.path(Access::READ, &folder).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_denied_is_denied_though_it_is_granted() {
    let limits = permissions(&[("--allow-read", ""), ("--deny-read", "/etc,/var/log")]);
    let may = |path: &str| limits.path(Access::READ, Path::new(path)).is_ok();
    assert!(may("/usr/lib") && !may("/etc/passwd") && !may("/usr/../etc/passwd"));
    assert!(!limits.has("fs.read", None) && limits.has("fs.read", Some("/usr")));
}

#[test]
fn a_folder_is_not_removed_or_renamed_with_what_is_denied_in_it() {
    let limits = permissions(&[
        ("--allow-read", ""),
        ("--allow-write", "/a,/b"),
        ("--deny-write", "/a/kept"),
        ("--deny-read", "/b/secret"),
    ]);
    let may = |access: Access, path: &str| limits.path(access, Path::new(path)).is_ok();
    assert!(may(Access::WRITE, "/a") && may(Access::WRITE_NAME, "/a/other"));
    assert!(!may(Access::WRITE_NAME, "/a") && !may(Access::WRITE_NAME, "/a/kept/file"));
    assert!(may(Access::READ, "/b") && may(Access::WRITE_NAME, "/b"));
    assert!(!may(Access::READ_AND_WRITE_NAME, "/b"));
}

#[test]
fn hosts_are_granted_by_name_and_port() {
    let allowed = "example.com,*.example.org:443,[::1]:80,127.0.0.1:8000";
    let limits = permissions(&[("--allow-net", allowed), ("--deny-net", "bad.example.org")]);
    for host in [
        "example.com:80",
        "EXAMPLE.com.:443",
        "a.example.org:443",
        "[::1]:80",
        "127.0.0.1:8000",
    ] {
        assert!(limits.host(host).is_ok(), "{host}");
    }
    for host in [
        "www.example.com:80",
        "example.org:443",
        "a.example.org:80",
        "bad.example.org:443",
        "[::1]:81",
        "127.0.0.1:80",
        "aexample.com:80",
    ] {
        assert!(limits.host(host).is_err(), "{host}");
    }
    assert!(limits.host("127.0.0.1").is_ok(), "a lookup has no port");
}

#[test]
fn what_was_granted_can_be_taken_back() {
    let limits = permissions(&[
        ("--allow-fs-read", "/usr"),
        ("--allow-fs-read", "/etc"),
        ("--allow-run", "git,ls"),
    ]);
    let may = |path: &str| limits.path(Access::READ, Path::new(path)).is_ok();
    assert!(limits.run("ls").is_ok() && limits.run("cat").is_err());
    limits.take_back("child", Some("ls"));
    assert!(limits.run("ls").is_err() && limits.run("git").is_ok());
    limits.take_back("fs.read", Some("/usr"));
    assert!(!may("/usr") && may("/etc"));
    limits.take_back("fs", None);
    assert!(!may("/etc"));
}

#[test]
fn the_environment_is_open_until_it_is_named() {
    let open = permissions(&[]);
    assert!(open.shows_variable("HOME"));
    let named = permissions(&[("--allow-env", "HOME,LANG")]);
    assert!(named.shows_variable("HOME") && !named.shows_variable("SECRET"));
    let denied = permissions(&[("--deny-env", "SECRET")]);
    assert!(denied.shows_variable("HOME") && !denied.shows_variable("SECRET"));
}
