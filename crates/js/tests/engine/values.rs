//! Values: strings, numbers, BigInts, bytes, JSON, keys and classes, into the engine and back.

use twinloop_js::engine::{Class, Local, Type, Units};

use crate::{in_scope, message, run};

#[test]
fn strings_keep_their_units_both_ways() {
    in_scope(|scope| {
        for text in ["", "plain", "naïve", "日本語 🦀", "a\0b"] {
            let string = scope.string(text).unwrap();
            assert_eq!(scope.string_of(string).unwrap(), text);
        }
        let lone = run(scope, "'a\\ud800b'");
        assert_eq!(scope.utf16_of(lone).unwrap(), [0x61, 0xd800, 0x62]);
        assert_eq!(scope.string_of(lone).unwrap(), "a\u{fffd}b");
        let units = scope.string_utf16(&[0xd800]).unwrap();
        assert_eq!(scope.utf16_of(units).unwrap(), [0xd800]);
        let latin1 = scope.string_latin1(&[0xe9, 0xff]).unwrap();
        assert_eq!(scope.string_of(latin1).unwrap(), "éÿ");
        assert_eq!(scope.latin1_of(latin1).unwrap(), Some(vec![0xe9, 0xff]));
        assert!(
            scope
                .read_units(latin1, |units| matches!(units, Units::Latin1(_)))
                .unwrap()
        );
    });
}

#[test]
fn numbers_keep_sign_of_zero_and_nan() {
    in_scope(|scope| {
        let global = scope.global();
        for value in [
            0.0,
            -0.0,
            1.5,
            -1.0,
            2_147_483_648.0,
            f64::INFINITY,
            f64::from_bits(0xffff_ffff_ffff_ffff),
        ] {
            scope.set(global, "value", scope.number(value)).unwrap();
            let back = scope.get(global, "value").unwrap().as_f64().unwrap();
            assert!(
                back.to_bits() == value.to_bits() || (back.is_nan() && value.is_nan()),
                "{value}"
            );
        }
        assert!(scope.bool_of(run(scope, "value !== value")));
    });
}

#[test]
fn bigints_of_any_size_go_through_decimal_digits() {
    in_scope(|scope| {
        for digits in [
            "0",
            "-1",
            "9007199254740993",
            "-123456789012345678901234567890",
        ] {
            let value = scope.bigint_from_decimal(digits).unwrap();
            assert_eq!(value.type_of(), Type::BigInt);
            assert_eq!(scope.bigint_digits(value).unwrap(), digits);
        }
        assert!(scope.bigint_from_decimal("12x").is_err());
    });
}

#[test]
fn bytes_move_in_without_a_copy_and_can_be_read_and_written() {
    in_scope(|scope| {
        for length in [0, 1, 64, 65, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let array = scope.uint8_array(bytes.clone()).unwrap();
            assert_eq!(scope.bytes_of(array).unwrap(), bytes);
            scope.with_bytes_mut(array, |bytes| bytes.fill(9)).unwrap();
            scope.collect_garbage();
            assert!(
                scope
                    .with_bytes(array, |bytes| bytes.iter().all(|&byte| byte == 9))
                    .unwrap()
            );
        }
        let view = run(
            scope,
            "new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)",
        );
        assert_eq!(scope.bytes_of(view).unwrap(), [2, 3]);
        let shared = run(
            scope,
            "const s = new Uint8Array(new SharedArrayBuffer(3)); s[1] = 5; s",
        );
        assert_eq!(scope.bytes_of(shared).unwrap(), [0, 5, 0]);
        scope.with_bytes_mut(shared, |bytes| bytes[0] = 9).unwrap();
        assert_eq!(scope.bytes_of(shared).unwrap()[0], 9);
        let detached = run(
            scope,
            "const d = new Uint8Array(100); d.buffer.transfer(); d",
        );
        assert!(scope.bytes_of(detached).unwrap().is_empty());
        assert!(scope.bytes_of(Local::null()).is_err());
    });
}

#[test]
fn classes_and_proxies_are_told_apart() {
    in_scope(|scope| {
        for (source, class) in [
            ("[]", Class::Array),
            ("new Map", Class::Map),
            ("new Set", Class::Set),
            ("new Date", Class::Date),
            ("/x/", Class::RegExp),
            ("Promise.resolve()", Class::Promise),
            ("new Error", Class::Error),
            ("({})", Class::Object),
            ("(() => 1)", Class::Function),
        ] {
            assert_eq!(scope.class_of(run(scope, source)), Some(class), "{source}");
        }
        let (target, handler) = scope
            .proxy_details(run(scope, "new Proxy([1], { get: () => 2 })"))
            .unwrap();
        assert!(scope.is_array(target) && scope.has(handler, "get").unwrap());
        let (target, _) = scope
            .proxy_details(run(
                scope,
                "const r = Proxy.revocable({}, {}); r.revoke(); r.proxy",
            ))
            .unwrap();
        assert!(target.is_null());
        assert!(scope.proxy_details(run(scope, "({})")).is_none());
        assert!(scope.proxy_details(run(scope, "globalThis")).is_none());
    });
}

#[test]
fn own_keys_are_strings_and_symbols_in_order() {
    in_scope(|scope| {
        let object = run(scope, "({ b: 1, 2: 2, a: 3, [Symbol('s')]: 4, 'é': 5 })");
        let keys: Vec<_> = scope
            .keys(object)
            .unwrap()
            .into_iter()
            .map(|key| scope.string_of(key).unwrap())
            .collect();
        assert_eq!(keys, ["2", "b", "a", "é"]);
        assert_eq!(scope.all_keys(object).unwrap().len(), 5);
        assert_eq!(scope.get(object, "é").unwrap().as_f64(), Some(5.0));
        assert_eq!(scope.get(object, 2).unwrap().as_f64(), Some(2.0));
        assert_eq!(scope.get(object, "2").unwrap().as_f64(), Some(2.0));
    });
}

#[test]
fn json_goes_both_ways_and_reports_errors() {
    in_scope(|scope| {
        let value = scope.json_parse(r#"{"a":[1,"ü",null]}"#).unwrap();
        assert_eq!(
            scope.json_stringify(value).unwrap().unwrap(),
            r#"{"a":[1,"ü",null]}"#
        );
        assert_eq!(scope.json_stringify(Local::undefined()).unwrap(), None);
        let error = scope.json_parse("{").unwrap_err();
        assert!(
            message(scope, &error).starts_with("SyntaxError"),
            "{}",
            message(scope, &error)
        );
    });
}
