//! The forms by which TypeScript writes CommonJS, `import x = require('y')` and `export = z`, as what they mean: in a CommonJS file, and in
//! a module, which has to make its `require` and says the same to who requires it.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::edits::Edits;

/// The text without these forms; nothing if it has none.
pub(super) fn lower(source: &str, program: &Program<'_>, is_module: bool) -> Option<String> {
    let mut forms = Forms {
        edits: Edits::new(source),
        is_module: is_module || program.body.iter().any(is_module_syntax),
        requires: false,
        found: false,
    };
    for statement in &program.body {
        match statement {
            Statement::TSExportAssignment(export) => forms.export(export),
            Statement::ExportDeclaration(export) => forms.declaration(&export.declaration),
            other => {
                if let Some(declaration) = other.as_declaration() {
                    forms.declaration(declaration);
                }
            }
        }
    }
    if forms.requires {
        // Hoisted from the end of the file, where it moves nothing.
        forms.edits.insert(
            source.len() as u32,
            "\n;import{createRequire as __createRequire}from'node:module';",
        );
    }
    forms.found.then(|| forms.edits.apply())
}

struct Forms<'s> {
    edits: Edits<'s>,
    is_module: bool,
    /// Whether a module has to make its `require`.
    requires: bool,
    found: bool,
}

impl Forms<'_> {
    fn export(&mut self, export: &TSExportAssignment<'_>) {
        self.found = true;
        let start = export.expression.span().start;
        if self.is_module {
            self.edits
                .replace(export.span.start, start, "const __exports= ");
            self.edits.insert(
                export.span.end,
                ";export{__exports as default,__exports as 'module.exports'};",
            );
        } else {
            self.edits
                .replace(export.span.start, start, "module.exports= ");
        }
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        let Declaration::TSImportEqualsDeclaration(declaration) = declaration else {
            return;
        };
        let TSModuleReference::ExternalModuleReference(reference) = &declaration.module_reference
        else {
            return;
        };
        if declaration.import_kind.is_type() {
            return;
        }
        self.found = true;
        let start = declaration.span.start;
        self.edits
            .replace(start, start + "import".len() as u32, "const ");
        if self.is_module {
            self.requires = true;
            let start = reference.span.start;
            self.edits.replace(
                start,
                start + "require".len() as u32,
                "__createRequire(import.meta.url)",
            );
        }
    }
}

/// Whether a statement imports or exports at run time.
fn is_module_syntax(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ImportDeclaration(import) => import.import_kind.is_value(),
        Statement::ExportNamedDeclaration(export) => export.export_kind.is_value(),
        Statement::ExportDeclaration(export) => !matches!(
            export.declaration,
            Declaration::TSInterfaceDeclaration(_) | Declaration::TSTypeAliasDeclaration(_)
        ),
        Statement::ExportFromDeclaration(_)
        | Statement::ExportAllDeclaration(_)
        | Statement::ExportDefaultDeclaration(_) => true,
        _ => false,
    }
}
