//! Files as answers: types, validators, ranges, files that were compressed before, and a folder that nobody gets out of.
//!
//! A path is resolved by the kernel below the folder (`RESOLVE_BENEATH`), so that neither steps upwards nor links lead out of it, whatever
//! changes meanwhile. What the system knows of already (`RESOLVE_CACHED`) is opened on the loop's thread, the rest on the blocking pool (rule
//! ONE-WAIT). Their bytes are a [`FileBody`].

use std::borrow::Cow;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use twinloop_loop::Loop;

use super::coding::{Compression, add_accepted, negotiate, weight};
use super::exchange::Exchange;
use super::fields::Fields;
use super::file_body::FileBody;
use crate::{Error, Result};

/// The most that a file which the system makes up says of its size.
const LARGEST_MADE_UP: u64 = 64 * 1024;

/// What a folder is served with.
#[derive(Clone, Debug)]
pub struct FolderOptions {
    /// The file that stands for a folder.
    pub index: String,
    /// Whether files whose names begin with a dot are there, and not only `.well-known`.
    pub hidden: bool,
    /// Whether `NAME.br`, `NAME.zst` and `NAME.gz` beside a file are sent instead to whom they suit.
    pub precompressed: bool,
    /// Whether files that are text of some kind are compressed for whom that suits, if they were not before.
    pub compress: Option<Compression>,
    /// The field `cache-control`.
    pub cache_control: Option<String>,
}

impl Default for FolderOptions {
    fn default() -> FolderOptions {
        FolderOptions {
            index: "index.html".to_owned(),
            hidden: false,
            precompressed: true,
            compress: None,
            cache_control: None,
        }
    }
}

/// A folder of files.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Arc<OwnedFd>,
    options: FolderOptions,
}

/// What of a request matters here.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// In capitals.
    pub method: String,
    /// What is asked for, still escaped; what follows `?` does not matter.
    pub target: Vec<u8>,
    accept_encoding: String,
    conditions: Conditions,
    range: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Conditions {
    matches: Option<String>,
    none_match: Option<String>,
    modified_since: Option<String>,
    unmodified_since: Option<String>,
    range: Option<String>,
}

impl Asked {
    /// Of a request's line and fields.
    pub fn new<'f>(
        method: &str,
        target: &[u8],
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Asked {
        let mut asked = Asked {
            method: method.to_owned(),
            target: target.to_vec(),
            ..Asked::default()
        };
        for (name, value) in fields {
            let text = || Some(String::from_utf8_lossy(value).into_owned());
            let conditions = &mut asked.conditions;
            match name.to_ascii_lowercase().as_slice() {
                b"accept-encoding" => add_accepted(&mut asked.accept_encoding, value),
                b"if-match" => conditions.matches = text(),
                b"if-none-match" => conditions.none_match = text(),
                b"if-modified-since" => conditions.modified_since = text(),
                b"if-unmodified-since" => conditions.unmodified_since = text(),
                b"if-range" => conditions.range = text(),
                b"range" => asked.range = text(),
                _ => {}
            }
        }
        asked
    }
}

/// What a client gets.
#[derive(Debug)]
pub struct FileAnswer {
    /// 200, 206, 301, 304, 400, 404, 405, 412 or 416.
    pub status: u16,
    /// The fields, with the length of the body.
    pub fields: Fields,
    /// Nothing, if the answer has no body.
    pub body: Option<FileBody>,
}

impl FileAnswer {
    fn plain(status: u16, text: &'static str) -> FileAnswer {
        let mut fields = Fields::new();
        put(&mut fields, "content-type", "text/plain; charset=utf-8");
        FileAnswer {
            status,
            fields,
            body: Some(FileBody::here(Bytes::from_static(text.as_bytes()))),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// `is_closed()` when the client has gone, `is_file()` when the file could not be read to its end; the client sees that then.
    pub async fn send(self, exchange: &Exchange) -> Result<()> {
        let Some(mut body) = self.body else {
            return exchange.respond(self.status, &self.fields, Bytes::new());
        };
        if body.begin(exchange, self.status, &self.fields)? {
            return Ok(());
        }
        let outcome = body.send_rest(exchange).await;
        if outcome.as_ref().is_err_and(|error| !error.is_closed()) {
            exchange.cut();
        }
        outcome
    }
}

impl Folder {
    /// The folder at `path`.
    ///
    /// # Errors
    /// `is_file()` when it cannot be opened or is none.
    pub fn open(path: &Path, options: FolderOptions) -> Result<Folder> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|cause| Error::file("open", Some(path), cause.into()))?;
        Ok(Folder {
            root: Arc::new(root),
            options,
        })
    }

    /// What a client gets that asks for something in the folder.
    ///
    /// # Errors
    /// `is_file()` when a file that is there cannot be read.
    pub async fn answer(&self, asked: &Asked) -> Result<FileAnswer> {
        if let Some(refused) = refuse_method(&asked.method) {
            return Ok(refused);
        }
        let path = asked.target.split(|&byte| byte == b'?').next();
        let path = path.unwrap_or_default();
        let Some(mut name) = self.file_name(path) else {
            return Ok(FileAnswer::plain(400, "Bad Request"));
        };
        if name.hidden {
            return Ok(FileAnswer::plain(404, "Not Found"));
        }
        if name.is_folder {
            name.text.push_str(&self.options.index);
        }
        let found = match self.find(&name.text).await {
            Ok(Found::Folder) => return Ok(to_folder(path, &asked.target[path.len()..])),
            Ok(Found::File(found)) => found,
            Err(error) if is_absence(&error) => {
                return Ok(FileAnswer::plain(404, "Not Found"));
            }
            Err(error) => return Err(Error::file("open", Some(Path::new(&name.text)), error)),
        };
        if self.options.precompressed && asked.range.is_none() {
            for (coding, suffix) in [("br", "br"), ("zstd", "zst"), ("gzip", "gz")] {
                if weight(&asked.accept_encoding, coding) > 0.0
                    && let Ok(Found::File(other)) =
                        self.find(&format!("{}.{suffix}", name.text)).await
                {
                    return self.of_file(asked, &name.text, other, Some(coding));
                }
            }
        }
        self.of_file(asked, &name.text, found, None)
    }

    fn of_file(
        &self,
        asked: &Asked,
        name: &str,
        found: OpenFile,
        coding: Option<&'static str>,
    ) -> Result<FileAnswer> {
        let serving = Serving {
            cache_control: self.options.cache_control.as_deref(),
            varies: self.options.precompressed,
            compress: self.options.compress,
        };
        of_file(asked, name, found, coding, serving)
    }

    /// The name of a file below the folder; nothing for what is escaped wrongly or names nothing.
    fn file_name(&self, path: &[u8]) -> Option<FileName> {
        let mut text = String::new();
        let mut hidden = false;
        let mut is_folder = true;
        for segment in path.split(|&byte| byte == b'/') {
            is_folder = segment.is_empty();
            if is_folder {
                continue;
            }
            let segment = unescape(segment)?;
            if segment == "." || segment == ".." || segment.contains(['/', '\0']) {
                return None;
            }
            hidden |= segment.starts_with('.') && segment != ".well-known" && !self.options.hidden;
            text.push_str(&segment);
            text.push('/');
        }
        if !is_folder {
            text.pop();
        }
        Some(FileName {
            text,
            hidden,
            is_folder,
        })
    }

    async fn find(&self, name: &str) -> io::Result<Found> {
        let name = if name.is_empty() { "." } else { name };
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if let Some(outcome) = open_cached(&*self.root, name.as_ref(), how) {
            return outcome;
        }
        let (root, name) = (Arc::clone(&self.root), name.to_owned());
        on_the_pool(move || open(&*root, name.as_ref(), how)).await
    }
}

/// What a client gets that asks for this one file, whatever its target is.
///
/// # Errors
/// `is_file()` when it cannot be opened or is no regular file.
pub async fn answer_file(
    path: &Path,
    asked: &Asked,
    compress: Option<Compression>,
) -> Result<FileAnswer> {
    if let Some(refused) = refuse_method(&asked.method) {
        return Ok(refused);
    }
    let opened = match open_cached(CWD, path, ResolveFlags::empty()) {
        Some(outcome) => outcome,
        None => {
            let path = path.to_owned();
            on_the_pool(move || open(CWD, &path, ResolveFlags::empty())).await
        }
    };
    let opened = opened.and_then(|found| match found {
        Found::File(file) => Ok(file),
        Found::Folder => Err(rustix::io::Errno::ISDIR.into()),
    });
    let found = opened.map_err(|cause| Error::file("open", Some(path), cause))?;
    let name = path.to_string_lossy();
    let serving = Serving {
        compress,
        ..Serving::default()
    };
    of_file(asked, &name, found, None, serving)
}

struct FileName {
    text: String,
    /// There may be such a file, but nobody is to know.
    hidden: bool,
    is_folder: bool,
}

enum Found {
    Folder,
    File(OpenFile),
}

struct OpenFile {
    file: Arc<std::fs::File>,
    size: u64,
    /// What the system says of the size is not what can be read, as of most of /proc and /sys: only reading it to its end tells.
    is_unmeasured: bool,
    modified: SystemTime,
}

/// Opens what the system need not look for on a disk; nothing if it would have to.
fn open_cached(root: impl AsFd, name: &Path, how: ResolveFlags) -> Option<io::Result<Found>> {
    let again = Some(rustix::io::Errno::AGAIN.raw_os_error());
    match open(root, name, how | ResolveFlags::CACHED) {
        Err(error) if error.raw_os_error() == again => None,
        outcome => Some(outcome),
    }
}

/// Whether other bytes can be read than the system says that there are: it says so of what takes no place anywhere.
fn is_made_up(file: &std::fs::File, size: u64) -> io::Result<bool> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0) + 1];
    loop {
        match file.read_at(&mut bytes, 0) {
            Ok(count) => return Ok(count as u64 != size),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

async fn on_the_pool(
    open: impl FnOnce() -> io::Result<Found> + Send + 'static,
) -> io::Result<Found> {
    let opened = Loop::current().spawn_blocking(open).await;
    opened.unwrap_or_else(|failure| Err(io::Error::other(failure)))
}

fn open(root: impl AsFd, name: &Path, how: ResolveFlags) -> io::Result<Found> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::openat2(root, name, flags, Mode::empty(), how)?;
    let status = rustix::fs::fstat(&file)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => Ok(Found::Folder),
        FileType::RegularFile => {
            let since = Duration::new(
                u64::try_from(status.st_mtime).unwrap_or(0),
                u32::try_from(status.st_mtime_nsec).unwrap_or(0),
            );
            let file = std::fs::File::from(file);
            let size = u64::try_from(status.st_size).unwrap_or(0);
            // A page is the most that /sys says; what is longer and takes no place is a file with a hole.
            let takes_no_place = status.st_blocks == 0 && size <= LARGEST_MADE_UP;
            if takes_no_place && how.contains(ResolveFlags::CACHED) {
                // The pool looks into it.
                return Err(rustix::io::Errno::AGAIN.into());
            }
            Ok(Found::File(OpenFile {
                is_unmeasured: takes_no_place && is_made_up(&file, size)?,
                file: Arc::new(file),
                size,
                modified: UNIX_EPOCH + since,
            }))
        }
        // Pipes and devices are no files that could be sent.
        _ => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "it is no regular file",
        )),
    }
}

/// Whether there is no such file for this client: it is not there, or not to be reached.
fn is_absence(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        number,
        Some(
            Errno::NOENT
                | Errno::NOTDIR
                | Errno::ACCESS
                | Errno::PERM
                | Errno::LOOP
                | Errno::XDEV
                | Errno::NAMETOOLONG
                | Errno::INVAL
                // Sockets, and devices that are not there.
                | Errno::NXIO
                | Errno::NODEV
        )
    ) || error.kind() == io::ErrorKind::NotFound
}

fn refuse_method(method: &str) -> Option<FileAnswer> {
    if method == "GET" || method == "HEAD" {
        return None;
    }
    let mut answer = FileAnswer::plain(405, "Method Not Allowed");
    put(&mut answer.fields, "allow", "GET, HEAD");
    Some(answer)
}

/// Relative URLs in a folder's page are relative to a path that ends with a slash; what is asked of the page stays.
fn to_folder(path: &[u8], query: &[u8]) -> FileAnswer {
    let mut answer = FileAnswer::plain(301, "Moved Permanently");
    // Two slashes at the beginning would name another host.
    let start = path.iter().position(|&byte| byte != b'/');
    let rest = String::from_utf8_lossy(&path[start.unwrap_or(path.len())..]);
    let query = String::from_utf8_lossy(query);
    put(&mut answer.fields, "location", &format!("/{rest}/{query}"));
    answer
}

/// What a folder's options say of every file.
#[derive(Clone, Copy, Default)]
struct Serving<'o> {
    cache_control: Option<&'o str>,
    varies: bool,
    compress: Option<Compression>,
}

fn of_file(
    asked: &Asked,
    name: &str,
    found: OpenFile,
    coding: Option<&'static str>,
    serving: Serving<'_>,
) -> Result<FileAnswer> {
    let mut answer = plain_file(asked, name, found, coding, serving);
    let Some(compression) = serving.compress else {
        return Ok(answer);
    };
    let length = answer.fields.length();
    let accepted = &asked.accept_encoding;
    let negotiated = negotiate(compression, accepted, answer.status, &answer.fields, length);
    let (fields, coding) = negotiated.applied(&answer.fields);
    if let Cow::Owned(fields) = fields {
        answer.fields = fields;
    }
    if let Some(coding) = coding
        && let Some(body) = answer.body.take()
    {
        answer.body = Some(match asked.method.as_str() {
            "HEAD" => body.without_bytes(),
            _ => body.coded(coding)?,
        });
    }
    Ok(answer)
}

fn plain_file(
    asked: &Asked,
    name: &str,
    found: OpenFile,
    coding: Option<&'static str>,
    serving: Serving<'_>,
) -> FileAnswer {
    if found.is_unmeasured {
        return unmeasured_file(asked, name, found, serving);
    }
    let seconds = found.modified.duration_since(UNIX_EPOCH);
    let since = seconds.unwrap_or_default();
    let tag = format!("\"{:x}-{:x}\"", since.as_nanos(), found.size);
    // Dates of HTTP have no fractions.
    let modified = UNIX_EPOCH + Duration::from_secs(since.as_secs());
    let mut fields = Fields::new();
    put(&mut fields, "etag", &tag);
    put(
        &mut fields,
        "last-modified",
        &httpdate::fmt_http_date(modified),
    );
    if serving.varies {
        put(&mut fields, "vary", "accept-encoding");
    }
    if let Some(cache_control) = serving.cache_control {
        put(&mut fields, "cache-control", cache_control);
    }
    if let Some(status) = precondition(&asked.conditions, &tag, modified) {
        return FileAnswer {
            status,
            fields,
            body: None,
        };
    }
    put(&mut fields, "content-type", &media_type(name));
    match coding {
        Some(coding) => put(&mut fields, "content-encoding", coding),
        None => put(&mut fields, "accept-ranges", "bytes"),
    }
    let wanted = asked.range.as_deref().filter(|_| coding.is_none());
    let wanted = wanted.filter(|_| range_stands(&asked.conditions, &tag, modified));
    let (status, offset, length) = match wanted.map(|text| read_range(text, found.size)) {
        None | Some(Wanted::Everything) => (200, 0, found.size),
        Some(Wanted::Part(offset, length)) => {
            let last = offset + length - 1;
            let shown = format!("bytes {offset}-{last}/{}", found.size);
            put(&mut fields, "content-range", &shown);
            (206, offset, length)
        }
        Some(Wanted::Nothing) => {
            let mut answer = FileAnswer::plain(416, "Range Not Satisfiable");
            let shown = format!("bytes */{}", found.size);
            put(&mut answer.fields, "content-range", &shown);
            return answer;
        }
    };
    put(&mut fields, "content-length", &length.to_string());
    // Who asks for the head gets no more.
    let left = if asked.method == "HEAD" { 0 } else { length };
    let body = FileBody::there(found.file, offset, left);
    FileAnswer {
        status,
        fields,
        body: Some(body),
    }
}

/// What is read to its end, whose length is not known before. It has no validators, so conditions and ranges are not about it.
fn unmeasured_file(asked: &Asked, name: &str, found: OpenFile, serving: Serving<'_>) -> FileAnswer {
    let mut fields = Fields::new();
    if let Some(cache_control) = serving.cache_control {
        put(&mut fields, "cache-control", cache_control);
    }
    put(&mut fields, "content-type", &media_type(name));
    let body = match asked.method.as_str() {
        "HEAD" => FileBody::here(Bytes::new()).without_bytes(),
        _ => FileBody::to_end(found.file),
    };
    FileAnswer {
        status: 200,
        fields,
        body: Some(body),
    }
}

fn media_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    match kind.type_() {
        mime_guess::mime::TEXT => format!("{}; charset=utf-8", kind.essence_str()),
        _ => kind.essence_str().to_owned(),
    }
}

fn put(fields: &mut Fields, name: &str, value: &str) {
    // Of names and values that are ours only the folder's own can be bad, and then there is no field.
    let _ = fields.append(name.as_bytes(), value.as_bytes());
}

/// RFC 9110, 13.2.2: the status that the conditions lead to, if they do not lead on.
fn precondition(conditions: &Conditions, tag: &str, modified: SystemTime) -> Option<u16> {
    let date = |text: &Option<String>| httpdate::parse_http_date(text.as_deref()?).ok();
    if let Some(list) = &conditions.matches {
        if !names_tag(list, tag, false) {
            return Some(412);
        }
    } else if let Some(date) = date(&conditions.unmodified_since)
        && modified > date
    {
        return Some(412);
    }
    if let Some(list) = &conditions.none_match {
        return names_tag(list, tag, true).then_some(304);
    }
    let date = date(&conditions.modified_since)?;
    (modified <= date).then_some(304)
}

/// Whether a list of tags has this one. Ours are strong.
fn names_tag(list: &str, tag: &str, weakly: bool) -> bool {
    list.trim() == "*"
        || list.split(',').map(str::trim).any(|other| {
            let bare = if weakly {
                other.strip_prefix("W/").unwrap_or(other)
            } else {
                other
            };
            bare == tag
        })
}

/// Whether the part that the client has is of this very file (RFC 9110, 13.1.5).
fn range_stands(conditions: &Conditions, tag: &str, modified: SystemTime) -> bool {
    match conditions.range.as_deref() {
        None => true,
        Some(other) if other.starts_with('"') => other == tag,
        Some(other) => httpdate::parse_http_date(other).is_ok_and(|date| date == modified),
    }
}

enum Wanted {
    Everything,
    Part(u64, u64),
    Nothing,
}

/// RFC 9110, 14.1.2. Several ranges at once may be answered with everything, and are.
fn read_range(text: &str, size: u64) -> Wanted {
    let Some(spec) = text.trim().strip_prefix("bytes=") else {
        return Wanted::Everything;
    };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Wanted::Everything;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (first, last) = (first.trim(), last.trim());
    match (number(first), number(last)) {
        (Some(first), _) if first >= size => Wanted::Nothing,
        (Some(first), None) if last.is_empty() => Wanted::Part(first, size - first),
        (Some(first), Some(last)) if last >= first => {
            Wanted::Part(first, last.min(size - 1) - first + 1)
        }
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(_)) if first.is_empty() && size == 0 => Wanted::Nothing,
        (None, Some(count)) if first.is_empty() => {
            let count = count.min(size);
            Wanted::Part(size - count, count)
        }
        _ => Wanted::Everything,
    }
}

/// A segment of a path without its escapes; nothing if one is no escape, or the whole no UTF-8.
fn unescape(segment: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let digits = after.get(..2)?;
        let digit = |byte: u8| (byte as char).to_digit(16);
        bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}
