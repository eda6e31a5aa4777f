//! A request put together call by call. Mistakes are kept and come out where the request is sent, so that a chain of
//! calls needs one `?`.

use crate::{
    Client, Error, ErrorKind, HeaderName, HeaderValue, Method, RedirectMode, RequestBody, Response,
    Result,
};
use serde::Serialize;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use twinloop_web::Request;

/// A request under construction, see [`request`](crate::request).
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    request: Result<Request>,
    client: Option<ClientHandle>,
    timeout: Option<Duration>,
}

/// A client without a useful text form.
struct ClientHandle(Client);

impl fmt::Debug for ClientHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

impl RequestBuilder {
    pub(crate) fn new(method: Method, url: &str) -> RequestBuilder {
        RequestBuilder {
            request: Request::new(method, url),
            client: None,
            timeout: None,
        }
    }

    /// Sends it with `client` instead of the thread's own.
    pub fn client(mut self, client: &Client) -> RequestBuilder {
        self.client = Some(ClientHandle(client.clone()));
        self
    }

    /// Adds a header; one of the same name stays beside it.
    pub fn header<N, V>(self, name: N, value: V) -> RequestBuilder
    where
        N: TryInto<HeaderName> + fmt::Debug + Clone,
        V: TryInto<HeaderValue>,
    {
        self.change(|request| {
            let invalid = |what: &str| {
                Error::new(
                    ErrorKind::Argument,
                    format!("invalid header {what}: {name:?}"),
                )
            };
            let value = value.try_into().map_err(|_| invalid("value of"))?;
            let name = name.clone().try_into().map_err(|_| invalid("name"))?;
            request.headers.append(name, value);
            Ok(())
        })
    }

    /// Sends `body`: text, bytes, or a stream made with [`RequestBody::stream`].
    pub fn body(self, body: impl Into<RequestBody>) -> RequestBuilder {
        self.change(|request| {
            request.body = body.into();
            Ok(())
        })
    }

    /// Sends `value` as JSON, with its Content-Type unless one is set.
    pub fn json(self, value: &impl Serialize) -> RequestBuilder {
        self.change(|request| {
            let text = serde_json::to_vec(value).map_err(|cause| {
                Error::new(ErrorKind::Json, "cannot write the body as json").with_source(cause)
            })?;
            request.body = text.into();
            request
                .headers
                .entry(HeaderName::from_static("content-type"))
                .or_insert(HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// What to do with redirects; they are followed unless said otherwise.
    pub fn redirect(self, mode: RedirectMode) -> RequestBuilder {
        self.change(|request| {
            request.redirect = mode;
            Ok(())
        })
    }

    /// Aborts when the response's head is not here after `limit`.
    pub fn timeout(mut self, limit: Duration) -> RequestBuilder {
        self.timeout = Some(limit);
        self
    }

    /// Sends the request.
    pub fn send(self) -> Fetch {
        Fetch {
            future: Box::pin(self.start()),
        }
    }

    async fn start(self) -> Result<Response> {
        let request = self.request?;
        let client = match self.client {
            Some(ClientHandle(client)) => client,
            None => crate::client()?,
        };
        let Some(limit) = self.timeout else {
            return client.fetch(request).await;
        };
        let late = format!(
            "{} {} did not answer within {} ms",
            request.method,
            request.url,
            limit.as_millis()
        );
        match crate::time::timeout(limit, client.fetch(request)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Error::new(ErrorKind::Timeout, late)),
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Request) -> Result<()>) -> RequestBuilder {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(request)
        {
            self.request = Err(error);
        }
        self
    }
}

/// A fetch under way. Dropping it aborts the request.
#[must_use = "a fetch does nothing until awaited"]
pub struct Fetch {
    future: Pin<Box<dyn Future<Output = Result<Response>>>>,
}

impl Future for Fetch {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Response>> {
        self.future.as_mut().poll(context)
    }
}
