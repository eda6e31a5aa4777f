//! Who the process is to the system, what the system counts of it, and what takes its place.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::builtins::errno;
use crate::builtins::permissions::limits;
use crate::engine::{
    Arguments, Error, Identity, Local, Op, Scope, Usage, set_groups, set_identity,
};

pub(crate) const OPS: &[Op] = &[
    Op::new("userAndGroupIds", 0, user_and_group_ids),
    Op::new("supplementaryGroups", 0, supplementary_groups),
    Op::new("fileModeMask", 1, file_mode_mask),
    Op::new("resourceUsage", 1, resource_usage),
    Op::new("replaceProcess", 3, replace_process),
    Op::new("setIdentity", 2, set_process_identity),
    Op::new("setGroups", 1, set_supplementary_groups),
];

fn numbers<'s>(scope: &Scope<'s>, values: &[f64]) -> Result<Local<'s>, Error> {
    let values: Vec<_> = values.iter().map(|&value| scope.number(value)).collect();
    scope.array(&values)
}

/// `userAndGroupIds()`: `[user, effective user, group, effective group]`.
fn user_and_group_ids<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let ids = [
        rustix::process::getuid().as_raw(),
        rustix::process::geteuid().as_raw(),
        rustix::process::getgid().as_raw(),
        rustix::process::getegid().as_raw(),
    ];
    numbers(scope, &ids.map(f64::from))
}

/// `supplementaryGroups()`.
fn supplementary_groups<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let groups = rustix::process::getgroups().unwrap_or_default();
    let ids: Vec<_> = groups.iter().map(|group| group.as_raw().into()).collect();
    numbers(scope, &ids)
}

/// `fileModeMask(mask)`: the mask until now; another is set unless it is undefined.
fn file_mode_mask<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    use rustix::fs::Mode;
    let wanted = arguments.get(0);
    let before = if wanted.is_undefined() {
        // The system tells the mask only to who sets one.
        let before = rustix::process::umask(Mode::empty());
        rustix::process::umask(before);
        before
    } else {
        let mask = scope.int32_of(wanted)?;
        rustix::process::umask(Mode::from_bits_truncate(mask.cast_unsigned()))
    };
    Ok(scope.number(before.bits().into()))
}

/// `resourceUsage(thread)`: the fields of [`Usage`] in order, in one list.
fn resource_usage<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let usage = if scope.bool_of(arguments.get(0)) {
        Usage::of_thread()
    } else {
        Usage::of_process()
    };
    let mut values = vec![usage.user_us, usage.system_us, usage.most_resident_kb];
    values.extend(usage.faults);
    values.extend(usage.blocks);
    values.extend(usage.switches);
    numbers(scope, &values)
}

/// What the system refused of who the process is, in the words that Node has for it.
fn denied(error: &std::io::Error, syscall: &str) -> Error {
    let number = error.raw_os_error().unwrap_or(0);
    let code = errno::errno(number).code;
    Error::coded(code, format!("{code}, {}", system_text(error)))
        .with("errno", number)
        .with("syscall", syscall)
}

/// The system's own words for an error.
fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// `setIdentity(what, id)`: 0 to 3 for user, effective user, group, effective group.
fn set_process_identity<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let (identity, name) = match scope.int32_of(arguments.get(0))? {
        0 => (Identity::User, "setuid"),
        1 => (Identity::EffectiveUser, "seteuid"),
        2 => (Identity::Group, "setgid"),
        _ => (Identity::EffectiveGroup, "setegid"),
    };
    let id = scope.number_of(arguments.get(1))? as u32;
    set_identity(identity, id).map_err(|error| denied(&error, name))?;
    Ok(Local::undefined())
}

/// `setGroups(ids)`
fn set_supplementary_groups<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let list = arguments.get(0);
    let groups = (0..scope.array_length(list)?)
        .map(|index| {
            let id = scope.get(list, index)?;
            Ok(scope.number_of(id)? as u32)
        })
        .collect::<Result<Vec<_>, Error>>()?;
    set_groups(&groups).map_err(|error| denied(&error, "setgroups"))?;
    Ok(Local::undefined())
}

/// `replaceProcess(program, arguments, environment)`: the first argument is its own name, the environment keys and values in turn. It returns only
/// to say why it could not be.
fn replace_process<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let words = |list: Local<'s>| {
        (0..scope.array_length(list)?)
            .map(|index| {
                let word = scope.get(list, index)?;
                Ok(OsString::from(scope.string_of(word)?))
            })
            .collect::<Result<Vec<_>, Error>>()
    };
    let program = scope.string_of(arguments.get(0))?;
    limits(scope).run(&program)?;
    let mut command = Command::new(program);
    let given = words(arguments.get(1))?;
    if let Some((name, rest)) = given.split_first() {
        command.arg0(name).args(rest);
    }
    command.env_clear();
    for pair in words(arguments.get(2))?.chunks_exact(2) {
        command.env(&pair[0], &pair[1]);
    }
    Err(errno::refused_in_words(&command.exec(), "execve"))
}
