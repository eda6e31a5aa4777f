//! Whether a program has syntax that cannot be rewritten in place.

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

use super::rewrite::is_type_namespace;
use super::{Decorators, Settings};

/// What stands in a program.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// JSX, namespaces, decorators in the legacy way: a transformation.
    pub(super) transform: bool,
    /// Standard decorators or `accessor`.
    pub(super) decorators: bool,
    /// Whether decorators are the legacy ones.
    pub(super) legacy: bool,
    assigns_fields: bool,
    has_decorators: bool,
    has_parameter_decorators: bool,
}

impl Needs {
    pub(super) fn of(program: &Program<'_>, settings: &Settings) -> Needs {
        let mut needs = Needs {
            assigns_fields: settings.assigns_fields,
            ..Needs::default()
        };
        needs.visit_program(program);
        // Parameters have decorators in the legacy way only.
        let legacy = match settings.decorators {
            Decorators::Legacy => true,
            Decorators::Standard => needs.has_parameter_decorators,
        };
        needs.legacy = legacy;
        if needs.has_decorators {
            if legacy {
                needs.transform = true;
            } else {
                needs.decorators = true;
            }
        }
        needs
    }
}

impl<'a> Visit<'a> for Needs {
    fn visit_jsx_element(&mut self, _: &JSXElement<'a>) {
        self.transform = true;
    }

    fn visit_jsx_fragment(&mut self, _: &JSXFragment<'a>) {
        self.transform = true;
    }

    fn visit_ts_namespace_declaration(&mut self, declaration: &TSNamespaceDeclaration<'a>) {
        if !declaration.declare && !is_type_namespace(declaration) {
            self.transform = true;
            walk::walk_ts_namespace_declaration(self, declaration);
        }
    }

    fn visit_ts_import_equals_declaration(&mut self, declaration: &TSImportEqualsDeclaration<'a>) {
        if !matches!(
            declaration.module_reference,
            TSModuleReference::ExternalModuleReference(_)
        ) {
            self.transform = true;
        }
    }

    fn visit_ts_enum_member(&mut self, member: &TSEnumMember<'a>) {
        if matches!(member.id, TSEnumMemberName::ComputedTemplateString(_)) {
            self.transform = true;
        }
        walk::walk_ts_enum_member(self, member);
    }

    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.has_decorators = true;
        walk::walk_decorator(self, decorator);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        self.has_parameter_decorators |= !parameter.decorators.is_empty();
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_property_definition(&mut self, property: &PropertyDefinition<'a>) {
        self.transform |= self.assigns_fields && !property.declare;
        walk::walk_property_definition(self, property);
    }

    fn visit_accessor_property(&mut self, property: &AccessorProperty<'a>) {
        self.decorators = true;
        walk::walk_accessor_property(self, property);
    }
}
