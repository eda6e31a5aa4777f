//! Who the process is to the system, and what the system counts of it.

use crate::engine::{Arguments, Error, Local, Op, Scope, Usage};

pub(crate) const OPS: &[Op] = &[
    Op::new("userAndGroupIds", 0, user_and_group_ids),
    Op::new("supplementaryGroups", 0, supplementary_groups),
    Op::new("fileModeMask", 1, file_mode_mask),
    Op::new("resourceUsage", 1, resource_usage),
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
