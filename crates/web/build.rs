//! Says which version of OpenSSL the crate `openssl` found, as that crate says it to itself: what came with 3.2 and 3.5 is compiled for these only.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(ossl320, ossl350)");
    let version = std::env::var("DEP_OPENSSL_VERSION_NUMBER").unwrap_or_default();
    let version = u64::from_str_radix(&version, 16).unwrap_or_default();
    if version >= 0x3020_0000 {
        println!("cargo:rustc-cfg=ossl320");
    }
    if version >= 0x3050_0000 {
        println!("cargo:rustc-cfg=ossl350");
    }
}
