//! Names and addresses: between the kernel's form and the socket module's (`addresses`), and `getaddrinfo` (`resolving`).

pub(super) mod addresses;
pub(super) mod resolving;
