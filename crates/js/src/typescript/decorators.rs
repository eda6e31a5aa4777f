//! Standard decorators (<https://github.com/tc39/proposal-decorators>) and `accessor`, which the engine does not have: rewritten in place, so that
//! lines stay. What is left is TypeScript without them, for the stages after this one.
//!
//! A decorated class becomes the value of a function that is called at once, where its decorators are at hand; a static block at its beginning
//! applies those of its members, fields pass their values on, and an accessor becomes a private field with a getter and a setter.
//! Not there: decorators of private methods and accessors.

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::Problem;
use super::edits::Edits;

/// The text without decorators and accessors.
/// Where decorators are the legacy ones they stay, for the transformer.
pub(super) fn lower(source: &str, program: &Program<'_>, legacy: bool) -> Result<String, Problem> {
    let mut lowering = Lowering {
        legacy,
        source,
        edits: Edits::new(source),
        classes: 0,
        decorated: false,
        default_export: None,
        problem: None,
    };
    lowering.visit_program(program);
    if let Some(problem) = lowering.problem {
        return Err(problem);
    }
    if lowering.decorated {
        let end = source.len() as u32;
        lowering.edits.insert(end, format!("\n{HELPER}"));
    }
    Ok(lowering.edits.apply())
}

/// What applies decorators. Hoisted from the end of the file.
const HELPER: &str = "function __decorators(){\
const inits=[],extras=[],starts=[],ends=[];\
const run=(list,self)=>{for(const one of list)one.call(self);};\
const context=(kind,name,isStatic,isPrivate,access,metadata,list)=>{\
const made={kind,name,metadata,addInitializer(it){if(typeof it!=='function')throw new TypeError('an initializer is no function');list.push(it);}};\
if(kind!=='class'){made.static=isStatic;made.private=isPrivate;made.access=access;}return made;};\
const check=(it)=>{if(it!==undefined&&typeof it!=='function')throw new TypeError('a decorator returned something other than a function');return it;};\
const member=(Class,[decorators,kind,name,isStatic,isPrivate,access],index,metadata,statics)=>{\
const home=isStatic?Class:Class.prototype,isField=kind==='field';inits[index]=[];extras[index]=[];\
const found=isField?undefined:Object.getOwnPropertyDescriptor(home,name);\
const part=kind==='getter'?'get':kind==='setter'?'set':'value';\
access??={has:(o)=>name in o,...(kind==='setter'?{}:{get:(o)=>o[name]}),...(isField||kind==='accessor'||kind==='setter'?{set:(o,v)=>{o[name]=v;}}:{})};\
for(let at=decorators.length-1;at>=0;at-=1){\
const list=isField||kind==='accessor'?extras[index]:isStatic?statics:starts;\
const given=isField?undefined:kind==='accessor'?{get:found.get,set:found.set}:found[part];\
const result=decorators[at](given,context(kind,name,isStatic,isPrivate,access,metadata,list));\
if(isField){if(check(result))inits[index].unshift(result);}\
else if(kind==='accessor'){if(result===undefined)continue;if(typeof result!=='object'||result===null)throw new TypeError('a decorator of an accessor returned something other than an object');\
found.get=check(result.get)??found.get;found.set=check(result.set)??found.set;if(check(result.init))inits[index].unshift(result.init);}\
else found[part]=check(result)??found[part];}\
if(!isField)Object.defineProperty(home,name,found);};\
return{apply(Class,name,members,classDecorators){\
if(name!==undefined)Object.defineProperty(Class,'name',{value:name,configurable:true});\
const key=Symbol.metadata,parent=Object.getPrototypeOf(Class),statics=[];\
const metadata=key?Object.create(parent?.[key]??null):undefined;\
for(const[isField,isStatic]of[[false,true],[false,false],[true,true],[true,false]])\
members.forEach((it,index)=>{if(it[0].length>0&&(it[1]==='field')===isField&&it[3]===isStatic)member(Class,it,index,metadata,statics);});\
let result=Class;\
for(let at=classDecorators.length-1;at>=0;at-=1)result=check(classDecorators[at](result,context('class',name,false,false,undefined,metadata,ends)))??result;\
if(key)Object.defineProperty(result,key,{value:metadata,writable:true,configurable:true});\
run(statics,Class);return result;},\
start(self){run(starts,self);},end(Class){run(ends,Class);return Class;},\
init(self,index,value){for(const one of inits[index]??[])value=one.call(self,value);\
return value;},\
after(self,index){run(extras[index]??[],self);}};}";

struct Lowering<'s> {
    legacy: bool,
    source: &'s str,
    edits: Edits<'s>,
    /// How many classes were met: names are made from it.
    classes: usize,
    decorated: bool,
    /// Where a class that is the default export begins to be that.
    default_export: Option<u32>,
    problem: Option<Problem>,
}

impl Lowering<'_> {
    fn text(&self, span: Span) -> &str {
        &self.source[span.start as usize..span.end as usize]
    }

    fn list(&self, decorators: &[Decorator<'_>]) -> String {
        let texts = decorators
            .iter()
            .map(|decorator| self.text(decorator.expression.span()));
        format!("[{}]", texts.collect::<Vec<_>>().join(","))
    }

    fn blank_decorators(&mut self, decorators: &[Decorator<'_>]) {
        for decorator in decorators {
            self.edits.blank(decorator.span.start, decorator.span.end);
        }
    }

    /// A member's name as an expression.
    fn name(&self, key: &PropertyKey<'_>, computed: bool) -> String {
        match key {
            PropertyKey::StaticIdentifier(name) if !computed => format!("{:?}", name.name.as_str()),
            PropertyKey::PrivateIdentifier(name) => format!("\"#{}\"", name.name),
            other => format!("({})", self.text(other.span())),
        }
    }

    /// What stands in a static block for one member.
    fn member(
        &self,
        decorators: &[Decorator<'_>],
        kind: &str,
        key: &PropertyKey<'_>,
        computed: bool,
        is_static: bool,
    ) -> String {
        let access = match key {
            PropertyKey::PrivateIdentifier(name) => {
                let name = &name.name;
                format!("{{has:(o)=>#{name} in o,get:(o)=>o.#{name},set:(o,v)=>{{o.#{name}=v;}}}}")
            }
            _ => "undefined".to_owned(),
        };
        let is_private = matches!(key, PropertyKey::PrivateIdentifier(_));
        format!(
            "[{},'{kind}',{},{is_static},{is_private},{access}]",
            self.list(decorators),
            self.name(key, computed)
        )
    }

    fn class(&mut self, class: &Class<'_>) {
        let has_decorators = !class.decorators.is_empty()
            || class
                .body
                .body
                .iter()
                .any(|element| !decorators_of(element).is_empty());
        let number = self.classes;
        self.classes += 1;
        let state = format!("__s{number}");
        let mut members = Vec::new();
        let mut starts = false;
        for (index, element) in class.body.body.iter().enumerate() {
            let decorators = match self.legacy {
                true => &[],
                false => decorators_of(element),
            };
            let mut entry = "[[]]".to_owned();
            match element {
                ClassElement::MethodDefinition(method) if !decorators.is_empty() => {
                    if matches!(method.key, PropertyKey::PrivateIdentifier(_)) {
                        self.problem.get_or_insert_with(|| {
                            Problem::at(
                                self.source,
                                method.span.start,
                                "decorators of private methods are not supported",
                            )
                        });
                    }
                    let kind = match method.kind {
                        MethodDefinitionKind::Get => "getter",
                        MethodDefinitionKind::Set => "setter",
                        _ => "method",
                    };
                    entry = self.member(
                        decorators,
                        kind,
                        &method.key,
                        method.computed,
                        method.r#static,
                    );
                    starts |= !method.r#static;
                }
                ClassElement::PropertyDefinition(field) if !decorators.is_empty() => {
                    entry = self.member(
                        decorators,
                        "field",
                        &field.key,
                        field.computed,
                        field.r#static,
                    );
                    self.initialised(
                        &format!("{state}.init(this,{index}"),
                        field.value.as_ref(),
                        (field.type_annotation.as_ref())
                            .map_or(field.key.span().end, |it| it.span.end),
                        field.span.end,
                    );
                    let modifier = if field.r#static { "static " } else { "" };
                    let after =
                        format!(";{modifier}#__e{number}_{index}={state}.after(this,{index});");
                    self.edits.insert(field.span.end, after);
                }
                ClassElement::AccessorProperty(accessor) => {
                    if !decorators.is_empty() {
                        entry = self.member(
                            decorators,
                            "accessor",
                            &accessor.key,
                            accessor.computed,
                            accessor.r#static,
                        );
                    }
                    let init =
                        (!decorators.is_empty()).then(|| format!("{state}.init(this,{index}"));
                    self.accessor(accessor, &format!("__a{number}_{index}"), init);
                }
                _ => {}
            }
            self.blank_decorators(decorators);
            members.push(entry);
        }
        if !has_decorators || self.legacy {
            return;
        }
        self.decorated = true;
        self.blank_decorators(&class.decorators);
        self.wrap(class, number, &members, starts);
    }

    /// `x` or `x = value` with the value passed through `call`.
    fn initialised(&mut self, call: &str, value: Option<&Expression<'_>>, name_end: u32, end: u32) {
        match value {
            Some(value) => {
                self.edits.insert(value.span().start, format!("{call},("));
                self.edits.insert(value.span().end, "))");
            }
            None => {
                // A `?` or `!` may stand behind the name.
                let rest = &self.source[name_end as usize..end as usize];
                let marks = rest.len() - rest.trim_start_matches(['?', '!', ' ']).len();
                self.edits
                    .insert(name_end + marks as u32, format!("={call})"));
            }
        }
    }

    fn accessor(&mut self, accessor: &AccessorProperty<'_>, name: &str, init: Option<String>) {
        let start = accessor
            .decorators
            .last()
            .map_or(accessor.span.start, |it| it.span.end);
        let key = match accessor.computed {
            true => format!("[{}]", self.text(accessor.key.span())),
            false => self.text(accessor.key.span()).to_owned(),
        };
        let modifier = if accessor.r#static { "static " } else { "" };
        let pair = format!(
            ";{modifier}get {key}(){{return this.#{name};}}{modifier}set {key}(value){{this.#{name}=value;}}"
        );
        let (before, after) = match &init {
            Some(init) => (format!("{init},("), "))"),
            None => ("(".to_owned(), ")"),
        };
        let pair = match &init {
            Some(init) => format!(
                "{pair}{modifier}#{name}e={});",
                init.replace(".init(", ".after(")
            ),
            None => pair,
        };
        match &accessor.value {
            Some(value) => {
                let begin = format!("{modifier}#{name}={before}");
                self.edits.replace(start, value.span().start, &begin);
                let end = accessor.span.end;
                self.edits
                    .replace(value.span().end, end, &format!("{after}{pair}"));
            }
            None => {
                let begin = format!("{modifier}#{name}={before}undefined{after}{pair}");
                self.edits.replace(start, accessor.span.end, &begin);
            }
        }
    }

    /// The class as the value of a function.
    fn wrap(&mut self, class: &Class<'_>, number: usize, members: &[String], starts: bool) {
        let state = format!("__s{number}");
        let id = class.id.as_ref().map(|id| id.name.to_string());
        let is_declaration = class.r#type == ClassType::ClassDeclaration;
        let keyword = class
            .decorators
            .last()
            .map_or(class.span.start, |it| it.span.end);
        // Decorators may stand before `export`.
        let keyword = keyword.max(class.span.start);
        let head_end = match &class.id {
            Some(id) => id.span.end,
            None => {
                let text = &self.source[keyword as usize..class.body.span.start as usize];
                keyword + text.find("class").map_or(0, |at| at + "class".len()) as u32
            }
        };
        let head = &self.source[keyword as usize..head_end as usize];
        let blanks = head.len() - head.trim_start().len();
        let start = keyword + blanks as u32;
        let mut prefix = String::new();
        let default = self.default_export.take().filter(|_| is_declaration);
        if is_declaration && let Some(id) = &id {
            prefix.push_str(&format!("let {id}="));
        }
        prefix.push_str(&format!("(()=>{{const {state}=__decorators();"));
        let decorators = self.list(&class.decorators);
        let has_own = !class.decorators.is_empty();
        let inner = id.clone().unwrap_or_else(|| format!("__k{number}"));
        match (&id, has_own) {
            (_, true) => prefix.push_str(&format!(
                "const __c{number}={decorators};var {inner};(class"
            )),
            (Some(id), false) => prefix.push_str(&format!("return class {id}")),
            (None, false) => prefix.push_str("return class"),
        }
        let from = default.filter(|_| id.is_some()).unwrap_or(start);
        self.edits.replace(from, head_end, &prefix);
        let name = match (&id, has_own) {
            (Some(id), true) => format!("{id:?}"),
            (None, true) => "''".to_owned(),
            _ => "undefined".to_owned(),
        };
        let target = if has_own {
            format!("{inner}=")
        } else {
            String::new()
        };
        let list = if has_own {
            format!("__c{number}")
        } else {
            "[]".to_owned()
        };
        let mut begin = format!(
            "static{{{target}{state}.apply(this,{name},[{}],{list});}}",
            members.join(",")
        );
        if starts {
            begin.push_str(&format!("#__i{number}={state}.start(this);"));
        }
        self.edits.insert(class.body.span.start + 1, begin);
        let mut suffix = String::new();
        if has_own {
            suffix.push_str(&format!(");return {state}.end({inner});}})()"));
        } else {
            suffix.push_str(";})()");
        }
        if is_declaration {
            suffix.push(';');
            if let (Some(_), Some(id)) = (default, &id) {
                suffix.push_str(&format!("export{{{id} as default}};"));
            }
        }
        self.edits.insert(class.span.end, suffix);
    }
}

fn decorators_of<'e, 'a>(element: &'e ClassElement<'a>) -> &'e [Decorator<'a>] {
    match element {
        ClassElement::MethodDefinition(it) => &it.decorators,
        ClassElement::PropertyDefinition(it) => &it.decorators,
        ClassElement::AccessorProperty(it) => &it.decorators,
        _ => &[],
    }
}

impl<'a> Visit<'a> for Lowering<'_> {
    fn visit_export_default_declaration(&mut self, export: &ExportDefaultDeclaration<'a>) {
        if let ExportDefaultDeclarationKind::ClassDeclaration(class) = &export.declaration {
            let start = class.decorators.first().map_or(export.span.start, |first| {
                first.span.start.min(export.span.start)
            });
            // Decorators that stand before `export` are blanks by then.
            self.default_export = Some(start.max(export.span.start));
        }
        walk::walk_export_default_declaration(self, export);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        self.class(class);
        walk::walk_class(self, class);
    }
}
