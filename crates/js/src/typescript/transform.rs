//! What cannot be rewritten in place goes through oxc's transformer and code generator: JSX, namespaces with values, `import x = y.z`, legacy
//! decorators and fields that are assigned. Its lines move, so a source map comes with the text.
//!
//! The transformer's helpers are functions at the end of the file, which the language hoists; the first lines stay where they are.

use std::fmt::Write;
use std::path::Path;

use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::{VisitMut, walk_mut};
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_semantic::SemanticBuilder;
use oxc_transformer::{
    CompilerAssumptions, DecoratorOptions, EnvOptions, HelperLoaderMode, HelperLoaderOptions,
    JsxOptions, JsxRuntime, Module, TransformOptions, Transformer, TypeScriptOptions,
};

use super::{Compiled, Jsx, Problem, Settings, first_problem};

/// The helpers that the transformer may ask for, by its names for them.
const HELPERS: &[(&str, &str)] = &[
    (
        "decorate",
        "(decorators,target,key,descriptor){\
        let count=arguments.length,result=count<3?target:descriptor===null?descriptor=Object.getOwnPropertyDescriptor(target,key):descriptor;\
        if(typeof Reflect==='object'&&typeof Reflect.decorate==='function')result=Reflect.decorate(decorators,target,key,descriptor);\
        else for(let at=decorators.length-1;at>=0;at-=1){const decorator=decorators[at];\
        if(decorator)result=(count<3?decorator(result):count>3?decorator(target,key,result):decorator(target,key))||result;}\
        if(count>3&&result)Object.defineProperty(target,key,result);return result;}",
    ),
    (
        "decorateMetadata",
        "(key,value){if(typeof Reflect==='object'&&typeof Reflect.metadata==='function')return Reflect.metadata(key,value);}",
    ),
    (
        "decorateParam",
        "(index,decorator){return function(target,key){decorator(target,key,index);};}",
    ),
];

/// The JavaScript of a parsed program.
pub(super) fn transform<'a>(
    allocator: &'a Allocator,
    source: &str,
    path: &Path,
    program: &mut Program<'a>,
    settings: &Settings,
) -> Result<Compiled, Problem> {
    let analysed = SemanticBuilder::new()
        .with_excess_capacity(2.0)
        .with_enum_eval(true)
        .build(program);
    first_problem(source, &analysed.diagnostics)?;
    let scoping = analysed.semantic.into_scoping();
    let options = options(settings);
    let transformed =
        Transformer::new(allocator, path, &options).build_with_scoping(scoping, program);
    first_problem(source, &transformed.diagnostics)?;
    let mut helpers = Helpers {
        allocator,
        builder: AstBuilder::new(allocator),
        used: Vec::new(),
    };
    helpers.visit_program(program);
    let generated = Codegen::new()
        .with_options(CodegenOptions {
            source_map_path: Some(path.to_owned()),
            ..CodegenOptions::default()
        })
        .build(program);
    let mut code = generated.code;
    for name in helpers.used {
        if let Some((_, text)) = HELPERS.iter().find(|(helper, _)| *helper == name) {
            let _ = write!(code, "function {PREFIX}{name}{text}");
        }
    }
    Ok(Compiled {
        code,
        map: generated.map.map(|map| map.to_json_string()),
    })
}

const PREFIX: &str = "babelHelpers_";

fn options(settings: &Settings) -> TransformOptions {
    let classic = settings.jsx == Jsx::Classic;
    let mut typescript = TypeScriptOptions {
        only_remove_type_imports: settings.keeps_imports,
        remove_class_fields_without_initializer: settings.assigns_fields,
        ..TypeScriptOptions::default()
    };
    if let Some(factory) = &settings.jsx_factory {
        typescript.jsx_pragma = factory.clone().into();
    }
    if let Some(factory) = &settings.jsx_fragment_factory {
        typescript.jsx_pragma_frag = factory.clone().into();
    }
    let mut jsx = JsxOptions {
        runtime: if classic {
            JsxRuntime::Classic
        } else {
            JsxRuntime::Automatic
        },
        development: settings.jsx == Jsx::Development,
        display_name_plugin: false,
        throw_if_namespace: false,
        pure: false,
        import_source: settings.jsx_import_source.clone(),
        ..JsxOptions::enable()
    };
    if classic {
        jsx.pragma = settings.jsx_factory.clone();
        jsx.pragma_frag = settings.jsx_fragment_factory.clone();
    }
    TransformOptions {
        assumptions: CompilerAssumptions {
            set_public_class_fields: settings.assigns_fields,
            ..CompilerAssumptions::default()
        },
        typescript,
        decorator: DecoratorOptions {
            legacy: true,
            emit_decorator_metadata: settings.decorator_metadata,
            strict_null_checks: settings.strict_null_checks,
        },
        jsx,
        env: EnvOptions {
            module: Module::Preserve,
            ..EnvOptions::default()
        },
        helper_loader: HelperLoaderOptions {
            mode: HelperLoaderMode::External,
            ..HelperLoaderOptions::default()
        },
        ..TransformOptions::default()
    }
}

/// Turns `babelHelpers.name` into a name of its own.
struct Helpers<'a> {
    allocator: &'a Allocator,
    builder: AstBuilder<'a>,
    used: Vec<&'static str>,
}

impl<'a> VisitMut<'a> for Helpers<'a> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        if let Expression::StaticMemberExpression(member) = expression
            && let Expression::Identifier(object) = &member.object
            && object.name == "babelHelpers"
            && let Some((name, _)) =
                (HELPERS.iter()).find(|(name, _)| *name == member.property.name.as_str())
        {
            if !self.used.contains(name) {
                self.used.push(name);
            }
            let helper = self.allocator.alloc_str(&format!("{PREFIX}{name}"));
            *expression = Expression::new_identifier(member.span, helper, &self.builder);
            return;
        }
        walk_mut::walk_expression(self, expression);
    }
}
