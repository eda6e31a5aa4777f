//! The operations of `node:http2`: a connection of `twinloop_web::http2` as a host object.
//!
//! Bytes that come are given with the place to go on at, and each call tells one event, as `operations.d.ts` lists them; bytes to send are taken.
//! Fields cross as one text, names and values in turn with a zero character after each; those that no table may keep are told by their place, and
//! by their names on the way out.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use twinloop_web::http2::{
    Code, Connection, Event, Failure, Fields, Kind, Options, Padding, Priority, Refusal, Role,
    State, ValueSpace, Why,
};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("http2AltSvc", 4, alt_svc),
    Op::new("http2Connection", 3, connection),
    Op::new("http2Consume", 3, consume),
    Op::new("http2Data", 3, data),
    Op::new("http2End", 2, end),
    Op::new("http2GoAway", 4, go_away),
    Op::new("http2HasOutput", 1, has_output),
    Op::new("http2Headers", 5, headers),
    Op::new("http2Origin", 2, origin),
    Op::new("http2Ping", 2, ping),
    Op::new("http2Push", 4, push),
    Op::new("http2Receive", 3, receive),
    Op::new("http2Request", 6, request),
    Op::new("http2Reset", 3, reset),
    Op::new("http2SetNextStream", 2, set_next_stream),
    Op::new("http2SetWindow", 2, set_window),
    Op::new("http2Settings", 2, settings),
    Op::new("http2SettingsOf", 2, settings_of),
    Op::new("http2State", 1, state),
    Op::new("http2StreamState", 2, stream_state),
    Op::new("http2Take", 2, take),
    Op::new("http2Terminate", 2, terminate),
    Op::new("http2Trailers", 4, trailers),
    Op::new("http2Written", 1, written),
];

type Cell = RefCell<Connection>;

fn connection_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Cell>, Error> {
    scope.expect_host::<Cell>(arguments.get(0), "a connection of HTTP/2")
}

/// An argument that the JavaScript of this room gives as a number that fits.
fn number_at<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>, at: usize) -> Result<u32, Error> {
    Ok(scope.number_of(arguments.get(at))? as u32)
}

fn packed_settings(bytes: &[u8]) -> Vec<(u16, u32)> {
    (bytes.chunks_exact(6))
        .map(|each| {
            let id = u16::from_be_bytes([each[0], each[1]]);
            (id, u32::from_be_bytes([each[2], each[3], each[4], each[5]]))
        })
        .collect()
}

/// `http2Connection(isClient, packedSettings, limits)`
fn connection<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let role = if scope.bool_of(arguments.get(0)) {
        Role::Client
    } else {
        Role::Server
    };
    let settings = scope.with_bytes(arguments.get(1), packed_settings)?;
    let limits = arguments.get(2);
    let limit = |name: &str| -> Result<f64, Error> { scope.number_of(scope.get(limits, name)?) };
    let options = Options {
        settings,
        max_encoder_table: limit("maxDeflateDynamicTableSize")? as usize,
        max_fields: limit("maxHeaderListPairs")? as usize,
        peer_max_streams: limit("peerMaxConcurrentStreams")? as u32,
        max_settings: limit("maxSettings")? as usize,
        invalid_burst: limit("maxSessionInvalidFrames")? as u64,
        reset_burst: limit("streamResetBurst")? as u64,
        reset_per_second: limit("streamResetRate")? as u64,
        padding: match limit("paddingStrategy")? as u32 {
            1 => Padding::Aligned,
            2 => Padding::Most,
            _ => Padding::None,
        },
        value_space: if limit("strictFieldWhitespaceValidation")? == 0.0 {
            ValueSpace::Kept
        } else {
            ValueSpace::Dropped
        },
        ..Options::default()
    };
    scope.host_object(Rc::new(RefCell::new(Connection::new(role, options))))
}

/// `http2Receive(connection, chunk, at)`: the next event, or undefined.
fn receive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let mut at = scope.number_of(arguments.get(2))? as usize;
    let outcome = scope.with_bytes(arguments.get(1), |bytes| {
        at = at.min(bytes.len());
        (connection.borrow_mut()).receive(bytes, &mut at, Instant::now())
    })?;
    match outcome {
        Ok(None) => Ok(Local::undefined()),
        Ok(Some(event)) => event_of(scope, at, event),
        Err(failure) => failed(scope, at, failure),
    }
}

fn failed<'s>(scope: &Scope<'s>, at: usize, failure: Failure) -> Result<Local<'s>, Error> {
    let why = match failure.why {
        Why::Code => 0,
        Why::Preface => 1,
        Why::Flood => 2,
        Why::Invalid => 3,
        Why::Unsolicited => 4,
    };
    scope.array(&[
        scope.number(15.0),
        scope.number(at as f64),
        scope.number(failure.code.0.into()),
        scope.number(f64::from(why)),
        scope.string(failure.reason)?,
    ])
}

fn event_of<'s>(scope: &Scope<'s>, at: usize, event: Event) -> Result<Local<'s>, Error> {
    let number = |value: u32| scope.number(value.into());
    let at = scope.number(at as f64);
    match event {
        Event::Head {
            stream,
            kind,
            fields,
            ends,
            priority,
        } => {
            let kind = match kind {
                Kind::Request => 0,
                Kind::Response => 1,
                Kind::Informational => 2,
                Kind::Trailers => 3,
            };
            let flags = 4 | u32::from(ends) | if priority.is_some() { 32 } else { 0 };
            scope.array(&[
                number(1),
                at,
                number(stream),
                number(kind),
                scope.string_latin1(fields.text())?,
                number(flags),
                sensitive(scope, &fields)?,
            ])
        }
        Event::Data { stream, range } => scope.array(&[
            number(2),
            at,
            number(stream),
            scope.number(range.start as f64),
            scope.number(range.end as f64),
        ]),
        Event::End { stream } => scope.array(&[number(3), at, number(stream)]),
        Event::Closed {
            stream,
            code,
            by_peer,
        } => scope.array(&[
            number(4),
            at,
            number(stream),
            number(code.0),
            Local::boolean(by_peer),
        ]),
        Event::Push {
            parent,
            stream,
            fields,
        } => scope.array(&[
            number(5),
            at,
            number(parent),
            number(stream),
            scope.string_latin1(fields.text())?,
            sensitive(scope, &fields)?,
        ]),
        Event::Settings => scope.array(&[number(6), at]),
        Event::SettingsAcknowledged => scope.array(&[number(7), at]),
        Event::Ping(payload) => scope.array(&[number(8), at, scope.uint8_array_copy(&payload)?]),
        Event::Pong(payload) => scope.array(&[number(9), at, scope.uint8_array_copy(&payload)?]),
        Event::GoAway { last, code, data } => scope.array(&[
            number(10),
            at,
            number(last),
            number(code.0),
            scope.uint8_array_copy(&data)?,
        ]),
        Event::AltSvc {
            stream,
            origin,
            value,
        } => scope.array(&[
            number(11),
            at,
            number(stream),
            scope.string_latin1(&origin)?,
            scope.string_latin1(&value)?,
        ]),
        Event::Origin(origins) => {
            let mut text = Vec::new();
            for origin in &origins {
                text.extend(origin.iter().filter(|&&byte| byte != 0));
                text.push(0);
            }
            scope.array(&[number(12), at, scope.string_latin1(&text)?])
        }
        Event::Rejected { stream, code } => {
            scope.array(&[number(13), at, number(stream), number(code.0)])
        }
        Event::Priority { stream, priority } => scope.array(&[
            number(14),
            at,
            number(stream),
            number(priority.parent),
            number(priority.weight.into()),
            Local::boolean(priority.is_exclusive),
        ]),
    }
}

/// The places of the fields that no table may keep, if there are any.
fn sensitive<'s>(scope: &Scope<'s>, fields: &Fields) -> Result<Local<'s>, Error> {
    let places: Vec<_> = (fields.iter().enumerate())
        .filter(|(_, field)| field.is_sensitive)
        .map(|(place, _)| scope.number(place as f64))
        .collect();
    if places.is_empty() {
        return Ok(Local::undefined());
    }
    scope.array(&places)
}

/// The fields of two arguments: their text, and the names of those that no table may keep, each followed by a zero character.
fn fields_at<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>, at: usize) -> Result<Fields, Error> {
    let text = bytes_of_text(scope, arguments.get(at))?;
    let mut fields = Fields::from_text(&text);
    let names = bytes_of_text(scope, arguments.get(at + 1))?;
    if !names.is_empty() {
        fields.mark_sensitive(names.split(|&byte| byte == 0));
    }
    Ok(fields)
}

/// Text as bytes; what is beyond Latin-1 goes as UTF-8.
fn bytes_of_text<'s>(scope: &Scope<'s>, text: Local<'s>) -> Result<Vec<u8>, Error> {
    match scope.latin1_of(text)? {
        Some(bytes) => Ok(bytes),
        None => Ok(scope.string_of(text)?.into_bytes()),
    }
}

/// What a refused call answers: a negative number.
fn refusal(refusal: Refusal) -> f64 {
    match refusal {
        Refusal::Closed => -1.0,
        Refusal::GoingAway => -2.0,
        Refusal::NoNumbers => -3.0,
        Refusal::NoPush => -4.0,
        Refusal::Invalid => -5.0,
    }
}

fn outcome<'s>(scope: &Scope<'s>, outcome: Result<u32, Refusal>) -> Local<'s> {
    scope.number(outcome.map_or_else(refusal, f64::from))
}

/// `http2Request(connection, fields, sensitive, ends, weight, parent)`: the stream; a weight of 0 is none, a negative one is exclusive.
fn request<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let fields = fields_at(scope, &arguments, 1)?;
    let ends = scope.bool_of(arguments.get(3));
    let weight = scope.number_of(arguments.get(4))?;
    let priority = (weight != 0.0).then_some(Priority {
        parent: number_at(scope, &arguments, 5)?,
        weight: weight.abs() as u16,
        is_exclusive: weight < 0.0,
    });
    let made = connection.borrow_mut().request(fields, ends, priority);
    Ok(outcome(scope, made))
}

/// `http2Headers(connection, stream, fields, sensitive, ends)`
fn headers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let fields = fields_at(scope, &arguments, 2)?;
    let ends = scope.bool_of(arguments.get(4));
    let made = connection.borrow_mut().headers(stream, &fields, ends);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2Trailers(connection, stream, fields, sensitive)`
fn trailers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let fields = fields_at(scope, &arguments, 2)?;
    let made = connection.borrow_mut().trailers(stream, fields);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2Push(connection, parent, fields, sensitive)`: the stream.
fn push<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let parent = number_at(scope, &arguments, 1)?;
    let fields = fields_at(scope, &arguments, 2)?;
    let made = connection.borrow_mut().push(parent, &fields);
    Ok(outcome(scope, made))
}

/// `http2Data(connection, stream, bytes)`
fn data<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let bytes = scope.bytes_of(arguments.get(2))?;
    let made = connection.borrow_mut().data(stream, bytes);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2End(connection, stream)`
fn end<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let made = connection.borrow_mut().end(stream);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2Reset(connection, stream, code)`
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let code = Code(number_at(scope, &arguments, 2)?);
    let made = connection.borrow_mut().reset(stream, code);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2Take(connection, limit)`: bytes to send, or undefined.
fn take<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let limit = scope.number_of(arguments.get(1))? as usize;
    let bytes = connection.borrow_mut().take(limit);
    if bytes.is_empty() {
        return Ok(Local::undefined());
    }
    scope.uint8_array(bytes)
}

/// `http2HasOutput(connection)`
fn has_output<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let has_output = connection_of(scope, &arguments)?.borrow().has_output();
    Ok(Local::boolean(has_output))
}

/// `http2Written(connection)`: the streams whose pieces were sent, once for each piece; or undefined.
fn written<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let written = connection_of(scope, &arguments)?
        .borrow_mut()
        .take_written();
    if written.is_empty() {
        return Ok(Local::undefined());
    }
    let streams: Vec<_> = (written.into_iter())
        .map(|stream| scope.number(stream.into()))
        .collect();
    scope.array(&streams)
}

/// `http2Consume(connection, stream, count)`; stream 0 is the connection alone.
fn consume<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let count = number_at(scope, &arguments, 2)?;
    let mut connection = connection.borrow_mut();
    if stream == 0 {
        connection.consume_connection(count);
    } else {
        connection.consume_stream(stream, count);
    }
    Ok(Local::undefined())
}

/// `http2Settings(connection, packed)`
fn settings<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let values = scope.with_bytes(arguments.get(1), packed_settings)?;
    connection.borrow_mut().settings(values);
    Ok(Local::undefined())
}

/// `http2SettingsOf(connection, isRemote)`: numbers and values in turn.
fn settings_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let settings = if scope.bool_of(arguments.get(1)) {
        connection.borrow().remote_settings()
    } else {
        connection.borrow().local_settings()
    };
    let numbers: Vec<_> = (settings.into_iter())
        .flat_map(|(id, value)| [scope.number(id.into()), scope.number(value.into())])
        .collect();
    scope.array(&numbers)
}

/// `http2Ping(connection, payload)`
fn ping<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let payload = scope.with_bytes(arguments.get(1), |bytes| <[u8; 8]>::try_from(bytes))?;
    if let Ok(payload) = payload {
        connection.borrow_mut().ping(payload);
    }
    Ok(Local::undefined())
}

/// `http2GoAway(connection, code, last, data)`; a last stream of 0 is the last that somebody heard of.
fn go_away<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let code = Code(number_at(scope, &arguments, 1)?);
    let last = Some(number_at(scope, &arguments, 2)?).filter(|&last| last != 0);
    let data = scope.bytes_of(arguments.get(3))?;
    connection.borrow_mut().go_away(last, code, &data);
    Ok(Local::undefined())
}

/// `http2Terminate(connection, code)`: nothing but what tells the peer is sent any more.
fn terminate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let code = Code(number_at(scope, &arguments, 1)?);
    connection.borrow_mut().terminate(code);
    Ok(Local::undefined())
}

/// `http2AltSvc(connection, stream, origin, value)`
fn alt_svc<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let origin = bytes_of_text(scope, arguments.get(2))?;
    let value = bytes_of_text(scope, arguments.get(3))?;
    connection.borrow_mut().alt_svc(stream, &origin, &value);
    Ok(Local::undefined())
}

/// `http2Origin(connection, origins)`, each followed by a zero character.
fn origin<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let text = bytes_of_text(scope, arguments.get(1))?;
    let origins: Vec<_> = (text.split(|&byte| byte == 0))
        .filter(|origin| !origin.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    connection.borrow_mut().origin(&origins);
    Ok(Local::undefined())
}

/// `http2SetWindow(connection, size)`
fn set_window<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let size = number_at(scope, &arguments, 1)?;
    let made = connection.borrow_mut().set_window(size);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2SetNextStream(connection, stream)`
fn set_next_stream<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let made = connection.borrow_mut().set_next_stream(stream);
    Ok(outcome(scope, made.map(|()| 0)))
}

/// `http2State(connection)`: the numbers that `operations.d.ts` lists.
fn state<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let connection = connection.borrow();
    let windows = connection.windows();
    let (written, read) = connection.table_sizes();
    let numbers = [
        windows.local as f64,
        (windows.local - windows.local_left) as f64,
        f64::from(connection.next_stream()),
        windows.local_left as f64,
        f64::from(connection.last_stream()),
        windows.remote_left as f64,
        connection.queued_bytes() as f64,
        written as f64,
        read as f64,
        connection.frames_received() as f64,
        connection.frames_sent() as f64,
    ];
    scope.array(&numbers.map(|value| scope.number(value)))
}

/// `http2StreamState(connection, stream)`: the numbers that `operations.d.ts` lists.
fn stream_state<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = connection_of(scope, &arguments)?;
    let stream = number_at(scope, &arguments, 1)?;
    let connection = connection.borrow();
    let state = connection.stream_state(stream);
    let number = match state {
        State::Idle => 1,
        State::Open => 2,
        State::ReservedLocal => 3,
        State::ReservedRemote => 4,
        State::HalfClosedLocal => 5,
        State::HalfClosedRemote => 6,
        State::Closed => 7,
    };
    let local_is_over = matches!(
        state,
        State::HalfClosedLocal | State::ReservedRemote | State::Closed
    );
    let remote_is_over = matches!(
        state,
        State::HalfClosedRemote | State::ReservedLocal | State::Closed
    );
    let priority = connection.stream_priority(stream);
    let numbers = [
        f64::from(number),
        f64::from(u8::from(local_is_over)),
        f64::from(u8::from(remote_is_over)),
        (connection.stream_windows(stream)).map_or(0.0, |windows| windows.local_left as f64),
        priority.map_or(16.0, |priority| priority.weight.into()),
    ];
    scope.array(&numbers.map(|value| scope.number(value)))
}
