//! The operations by which files become Responses, and by which a body that is here in Rust goes to a client without a visit to JavaScript.

use std::path::PathBuf;
use std::rc::Rc;

use twinloop_web::fetch::Body;
use twinloop_web::server::{
    Asked, Compression, Exchange, Fields, FileAnswer, FileBody, Folder, FolderOptions, answer_file,
};

use super::exchanges::{exchange_of, read_fields, sent};
use super::table::Servers;
use crate::builtins::permissions::{Access, limits};
use crate::builtins::results::Chunk;
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope, Type};
use crate::web::fetch::kept::KeptBytes;
use crate::web::network::{Network, network_error};

pub(super) const OPS: &[Op] = &[
    Op::new("serverFile", 5, file),
    Op::new("serverFolder", 6, folder),
    Op::new("serverPipe", 4, pipe),
];

/// A number of bytes from which on answers are compressed; below zero they are not.
pub(super) fn read_compression(
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<Option<Compression>, Error> {
    let least = scope.number_of(value)?;
    Ok((least >= 0.0).then_some(Compression {
        min_bytes: least as u64,
    }))
}

/// `serverFolder(path, index, hidden, precompressed, cacheControl, compress)`: a folder that is served.
fn folder<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    limits(scope).path(Access::READ, &path)?;
    let cache_control = match arguments.get(4).type_of() {
        Type::String => Some(scope.string_of(arguments.get(4))?),
        _ => None,
    };
    let options = FolderOptions {
        index: scope.string_of(arguments.get(1))?,
        hidden: scope.bool_of(arguments.get(2)),
        precompressed: scope.bool_of(arguments.get(3)),
        compress: read_compression(scope, arguments.get(5))?,
        cache_control,
    };
    let folder = Folder::open(&path, options).map_err(network_error)?;
    scope.host_object(Rc::new(folder))
}

/// `serverFile(place, method, target, fields, compress)`: what a client gets, as `[status, fields, body]`; the place is a folder, or a file's path,
/// for which `compress` counts.
fn file<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let place = arguments.get(0);
    let method = scope.string_of(arguments.get(1))?;
    let target = scope.string_of(arguments.get(2))?;
    let fields = read_fields(scope, arguments.get(3))?;
    let asked = Asked::new(&method, target.as_bytes(), fields.iter());
    let network = scope.state::<Network>();
    if place.is_string() {
        let path = PathBuf::from(scope.string_of(place)?);
        limits(scope).path(Access::READ, &path)?;
        let compress = read_compression(scope, arguments.get(4))?;
        return scope.promise_from_future(async move {
            let answer = answer_file(&path, &asked, compress)
                .await
                .map_err(network_error)?;
            Ok(Answer { network, answer })
        });
    }
    let folder = scope.expect_host::<Folder>(place, "a folder")?;
    scope.promise_from_future(async move {
        let answer = folder.answer(&asked).await.map_err(network_error)?;
        Ok(Answer { network, answer })
    })
}

/// A file that is longer stays here until somebody asks for its bytes; most are only sent.
const LARGEST_CROSSING: usize = 4096;

/// An answer on its way to JavaScript.
struct Answer {
    network: Rc<Network>,
    answer: FileAnswer,
}

impl IntoJs for Answer {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let FileAnswer {
            status,
            fields,
            body,
        } = self.answer;
        let mut text = Vec::new();
        for (name, value) in fields.iter() {
            text.extend_from_slice(name);
            text.push(b':');
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        if let Some(length) = fields.length() {
            text.extend_from_slice(format!("content-length:{length}\n").as_bytes());
        }
        let body = match body {
            None => Local::null(),
            Some(mut body) => match body.take_whole() {
                Some(bytes) if bytes.len() <= LARGEST_CROSSING => Chunk(bytes).into_js(scope)?,
                Some(bytes) => KeptBytes::keep(scope, bytes)?,
                None => self.network.keep(scope, Body::source(body)),
            },
        };
        scope.array(&[
            scope.number(status.into()),
            scope.string_latin1(&text)?,
            body,
        ])
    }
}

/// `serverPipe(exchange, status, fields, body)`: answers with a body that is arriving; resolves when it has left, or nobody wants it any more.
fn pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = exchange_of(scope, &arguments)?;
    let exchange_number = scope.number_of(arguments.get(0))?;
    let status = scope.int32_of(arguments.get(1))? as u16;
    let mut fields = read_fields(scope, arguments.get(2))?;
    let number = scope.number_of(arguments.get(3))? as u32;
    let network = scope.state::<Network>();
    let servers = scope.state::<Servers>();
    let arriving = network.bodies.borrow_mut().remove(&number);
    let body = arriving.and_then(|arriving| arriving.body.borrow_mut().take());
    let (Some(exchange), Some(mut body)) = (exchange, body) else {
        return scope.promise_from_future(async { Ok(()) });
    };
    if body.is_coded() {
        // What is sent is what was decoded.
        fields = fields.without(&["content-encoding"]);
    }
    let rest = match (body.buffered(), body.take_source::<FileBody>()) {
        (Some(bytes), _) => {
            sent(exchange.respond(status, &fields, bytes))?;
            None
        }
        (None, Some(mut file)) => match file.begin(&exchange, status, &fields) {
            Ok(false) => Some(Rest::File(file)),
            outcome => {
                sent(outcome.map(drop))?;
                None
            }
        },
        (None, None) => {
            exchange.begin(status, &fields).map_err(network_error)?;
            Some(Rest::Chunks(body))
        }
    };
    let Some(rest) = rest else {
        drop(servers.exchanges.remove(exchange_number));
        return scope.promise_from_future(async { Ok(()) });
    };
    scope.promise_from_future(async move {
        let outcome = rest.send(&exchange).await;
        drop(servers.exchanges.remove(exchange_number));
        match outcome {
            Err(error) if !error.is_closed() => {
                exchange.cut();
                Err(network_error(error))
            }
            _ => Ok(()),
        }
    })
}

/// What of a body did not leave at once.
enum Rest {
    File(Box<FileBody>),
    Chunks(Body),
}

impl Rest {
    async fn send(self, exchange: &Exchange) -> Result<(), twinloop_web::Error> {
        match self {
            Rest::File(mut file) => file.send_rest(exchange).await,
            Rest::Chunks(mut body) => {
                while let Some(chunk) = body.next_chunk().await {
                    exchange.write(chunk?)?;
                    exchange.ready().await?;
                }
                exchange.finish(&Fields::new())
            }
        }
    }
}
