//! Where sockets connect and listeners listen: addresses and paths as JavaScript gives them, and whether the program may go there.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::builtins::permissions::{Access, limits};
use crate::engine::{Error, Local, Scope};

fn ip_of(scope: &Scope<'_>, value: Local<'_>) -> Result<IpAddr, Error> {
    let text = scope.string_of(value)?;
    // A zone is a link's name or number, which only the system's resolver can read.
    (text.parse()).map_err(|_| Error::type_error("the value is not an address"))
}

pub(super) fn socket_address(
    scope: &Scope<'_>,
    host: Local<'_>,
    port: Local<'_>,
) -> Result<SocketAddr, Error> {
    let address = ip_of(scope, host)?;
    Ok(SocketAddr::new(address, scope.int32_of(port)? as u16))
}

/// Who speaks over a local path writes to it and reads from it; a name without a file is for who may reach everything.
pub(super) fn permit_path(scope: &Scope<'_>, path: &Path) -> Result<(), Error> {
    let limits = limits(scope);
    if path.as_os_str().as_encoded_bytes().first() == Some(&0) {
        limits.host("*")?;
        return Ok(());
    }
    limits.path(Access::READ_AND_WRITE, path)?;
    Ok(())
}
