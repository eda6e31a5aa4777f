//! Native functions and how they fail: described errors, thrown values, panics, terminations, recursion.

use twinloop_js::engine::{Arguments, Error, ErrorClass, Local, Op, Scope};

use crate::{in_scope, run};

fn add<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let sum = scope.number_of(arguments.get(0))? + scope.number_of(arguments.get(1))?;
    Ok(scope.number(sum))
}

fn explode<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    panic!("the op's own words")
}

fn fail<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Err(Error::coded("ENOENT", "no such file")
        .with("errno", -2)
        .with("syscall", "open"))
}

fn end<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Err(Error::terminated())
}

static OPS: &[Op] = &[
    Op::new("add", 2, add),
    Op::new("explode", 0, explode),
    Op::new("fail", 0, fail),
    Op::new("end", 0, end),
];

fn with_ops<'s>(scope: &Scope<'s>) {
    let ops = scope.ops_object(vec![OPS]).unwrap();
    scope.set(scope.global(), "ops", ops).unwrap();
}

#[test]
fn ops_are_called_by_name_and_are_functions_once() {
    in_scope(|scope| {
        with_ops(scope);
        assert_eq!(run(scope, "ops.add(2, 3)").as_f64(), Some(5.0));
        assert!(scope.bool_of(run(
            scope,
            "ops.add === ops.add && ops.add.name === 'add' && ops.add.length === 2"
        )));
        assert!(run(scope, "ops.absent").is_undefined());
        let thrown = run(
            scope,
            "try { ops.add({ valueOf() { throw 'from valueOf'; } }, 1) } catch (error) { error }",
        );
        assert_eq!(scope.string_of(thrown).unwrap(), "from valueOf");
    });
}

#[test]
fn a_panic_in_an_op_is_an_error_of_the_program() {
    in_scope(|scope| {
        with_ops(scope);
        let text = run(
            scope,
            "try { ops.explode() } catch (error) { `${error.name}: ${error.message}` }",
        );
        let text = scope.string_of(text).unwrap();
        assert!(
            text.starts_with("Error: ") && text.contains("the op's own words"),
            "{text}"
        );
        assert_eq!(run(scope, "ops.add(1, 1)").as_f64(), Some(2.0));
    });
}

#[test]
fn a_described_error_has_its_class_properties_and_stack() {
    in_scope(|scope| {
        with_ops(scope);
        let text = run(
            scope,
            "function caller() { return ops.fail(); }
             try { caller() } catch (error) {
               JSON.stringify([error.message, error.code, error.errno, error.syscall, error instanceof Error,
                               'cause' in error, error.stack.includes('caller') && error.stack.includes('test.js:1')])
             }",
        );
        assert_eq!(
            scope.string_of(text).unwrap(),
            r#"["no such file","ENOENT",-2,"open",true,false,true]"#
        );
        let error = Error::type_error("bad").to_local(scope).unwrap();
        assert!(scope.instance_of(error, run(scope, "TypeError")).unwrap());
        assert!(scope.new_error(ErrorClass::RangeError, "x").is_ok());
    });
}

#[test]
fn a_thrown_value_comes_back_as_it_was() {
    in_scope(|scope| {
        let object = run(scope, "globalThis.thrown = { a: 1 }; thrown");
        let error = scope
            .evaluate("function f() { throw thrown }\nf()", "thrower.js", 1)
            .unwrap_err();
        let value = error.to_local(scope).unwrap();
        assert!(value.is_same(object));
        assert!(
            error.throw_site(scope).contains("thrower.js:1"),
            "{}",
            error.throw_site(scope)
        );
    });
}

#[test]
fn a_termination_cannot_be_caught() {
    in_scope(|scope| {
        with_ops(scope);
        let error = scope
            .evaluate("globalThis.caught = 0; try { ops.end() } catch { caught = 1 } finally { caught = 2 }", "t.js", 1)
            .unwrap_err();
        assert!(error.is_terminated());
        assert_eq!(run(scope, "caught").as_f64(), Some(0.0));
    });
}

#[test]
fn infinite_recursion_is_a_catchable_error_in_scripts_and_through_natives() {
    in_scope(|scope| {
        let text = run(
            scope,
            "function f() { return f() + 1 } RangeError; try { f() } catch (error) { error.name }",
        );
        assert_eq!(scope.string_of(text).unwrap(), "RangeError");
        let again = scope
            .closure("again", 1, |scope, arguments| {
                scope.call(arguments.get(0), Local::undefined(), &[])
            })
            .unwrap();
        scope.set(scope.global(), "again", again).unwrap();
        let text = run(
            scope,
            "function g() { return again(g) } RangeError; try { g() } catch (error) { error.name }",
        );
        assert_eq!(scope.string_of(text).unwrap(), "RangeError");
        let text = run(
            scope,
            "let deep = '['.repeat(1e6); try { JSON.parse(deep) } catch (error) { error.name }",
        );
        assert_ne!(scope.string_of(text).unwrap(), "");
    });
}

/// The message of a full stack is written into a table of the engine's that the loader had made read-only; it used to stay writable.
#[test]
fn the_table_of_messages_stays_read_only() {
    in_scope(|scope| {
        let text = "(function deep() { try { deep() } catch (error) { globalThis.message = error.message } })(); message";
        let message = scope.string_of(run(scope, text)).unwrap();
        assert_eq!(message, "Maximum call stack size exceeded");
    });
    let program = std::env::current_exe().unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let of_program = maps
        .lines()
        .filter(|line| line.ends_with(program.to_str().unwrap()));
    let writable: Vec<_> = of_program
        .filter(|line| {
            line.split(' ')
                .nth(1)
                .is_some_and(|mode| mode.contains('w'))
        })
        .collect();
    assert_eq!(writable.len(), 1, "the data alone: {writable:?}");
}
