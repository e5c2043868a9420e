/**
 * Words that a field may not be, by language, in the spelling of the language's generator. Names that the generators
 * take for their own members are in here too: they rename such a field (`description_p`, `Class_`), which no reader
 * of the schema expects.
 */

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Fields keep their names: `sdp_type`. */
export const snakeCase: Readonly<Record<string, ReadonlySet<string>>> = {
  // docs.python.org/3/reference/lexical_analysis.html#keywords
  Python: words(`
    False None True and as assert async await break class continue def del elif else except finally for from global if
    import in is lambda nonlocal not or pass raise return try while with yield`),
  // doc.rust-lang.org/reference/keywords.html: strict and reserved
  Rust: words(`
    as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut
    pub ref return self Self static struct super trait true type unsafe use where while abstract become box do final
    gen macro override priv try typeof unsized virtual yield`),
  // en.cppreference.com/w/cpp/keyword, with alternative tokens, and macros of common headers
  'C++': words(`
    alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case catch
    char char8_t char16_t char32_t class compl concept const consteval constexpr constinit const_cast continue
    contract_assert co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit
    export extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr
    operator or or_eq private protected public reflexpr register reinterpret_cast requires return short signed sizeof
    static static_assert static_cast struct switch synchronized template this thread_local throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
    NULL EOF errno assert major minor unix linux`),
  // docs.ruby-lang.org: keywords, and public methods of Object that a field of the same name would hide
  Ruby: words(`
    __ENCODING__ __FILE__ __LINE__ BEGIN END alias and begin break case class def defined do else elsif end ensure
    false for if in module next nil not or redo rescue retry return self super then true undef unless until when while
    yield clone define_singleton_method display dup enum_for extend freeze frozen hash initialize inspect instance_of
    instance_variable_get instance_variable_set instance_variables is_a itself kind_of method methods object_id
    private_methods protected_methods public_method public_methods public_send respond_to send singleton_class
    singleton_method singleton_methods tap to_enum to_s untrust trust`),
};

/** Fields become `sdpType`. */
export const camelCase: Readonly<Record<string, ReadonlySet<string>>> = {
  // JLS 3.9, and members of com.google.protobuf.Message (field x gives getX)
  Java: words(`
    abstract assert boolean break byte case catch char class const continue default do double else enum extends final
    finally float for goto if implements import instanceof int interface long native new package private protected
    public return short static strictfp super switch synchronized this throw throws transient try void volatile while
    _ true false null
    allFields cachedSize defaultInstanceForType descriptor descriptorForType initializationErrorString parserForType
    serializedSize unknownFields`),
  // kotlinlang.org/docs/keyword-reference.html: hard keywords
  Kotlin: words(`
    as break class continue do else false for fun if in interface is null object package return super this throw true
    try typealias typeof val var when while`),
  // docs.swift.org: keywords of declarations, statements, expressions
  Swift: words(`
    associatedtype borrowing class consuming deinit enum extension fileprivate func import init inout internal let
    nonisolated open operator precedencegroup private protocol public rethrows static struct subscript typealias var
    break case catch continue default defer do else fallthrough for guard if in repeat return switch throw where while
    Any as await false is nil self Self super throws true try`),
  // ECMA-262 13.7.3, strict mode and future words included
  JavaScript: words(`
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof undefined var void while with yield
    constructor toString hasOwnProperty valueOf`),
};

/**
 * Members of every Swift or Objective-C message: a field of this name gets `_p` behind it (SwiftProtobuf,
 * NamingUtils.swift).
 */
export const appleMembers: ReadonlySet<string> = words(`
  debugDescription description dynamicType hash hashValue init isInitialized self superclass unknownFields zone retain
  release autorelease copy mutableCopy delegate data`);

/** Types inside a message that Swift cannot have: it calls them `TypeEnum`, `ProtocolMessage`. */
export const swiftNestedTypes: ReadonlySet<string> = words('Type Protocol Extensions');

/** Fields become `SdpType`. */
export const pascalCase: Readonly<Record<string, ReadonlySet<string>>> = {
  // learn.microsoft.com: keywords are lower case and never met; members of IMessage and Object are
  'C#': words(`
    abstract as base bool break byte case catch char checked class const continue decimal default delegate do double
    else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is
    lock long namespace new null object operator out override params private protected public readonly ref return sbyte
    sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe
    ushort using virtual void volatile while
    CalculateSize Clone Descriptor Equals GetHashCode GetType MemberwiseClone MergeFrom Parser ToString Types WriteTo`),
  // go.dev/ref/spec#Keywords, likewise; methods of generated messages
  Go: words(`
    break case chan const continue default defer else fallthrough for func go goto if import interface map package
    range return select struct switch type var
    Descriptor ExtensionMap ExtensionRangeArray Marshal ProtoMessage ProtoReflect Reset String Unmarshal`),
};

/**
 * Types that a message or an enum at the top of the package would hide, where the language puts them beside each
 * other.
 */
export const standardTypes: Readonly<Record<string, ReadonlySet<string>>> = {
  // ECMA-262 19: the global object
  JavaScript: words(`
    AggregateError Array ArrayBuffer AsyncDisposableStack AsyncFunction AsyncIterator Atomics BigInt BigInt64Array
    BigUint64Array Boolean DataView Date DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array
    Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise
    Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError
    Temporal TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet`),
  // java.lang of JDK 25
  Java: words(`
    Appendable ArithmeticException ArrayIndexOutOfBoundsException ArrayStoreException AssertionError AutoCloseable
    Boolean BootstrapMethodError Byte CharSequence Character Class ClassCastException ClassLoader
    ClassNotFoundException ClassValue CloneNotSupportedException Cloneable Comparable Deprecated Double Enum Error
    Exception Float FunctionalInterface IO IllegalArgumentException IllegalStateException InheritableThreadLocal
    Integer InternalError InterruptedException Iterable LinkageError Long MatchException Math Module ModuleLayer
    NegativeArraySizeException NullPointerException Number NumberFormatException Object OutOfMemoryError Override
    Package Process ProcessBuilder ProcessHandle Readable Record ReflectiveOperationException Runnable Runtime
    RuntimeException RuntimePermission SafeVarargs ScopedValue SecurityException SecurityManager Short StackOverflowError
    StackTraceElement StackWalker StrictMath String StringBuffer StringBuilder StringTemplate SuppressWarnings System
    Thread ThreadDeath ThreadGroup ThreadLocal Throwable UnsupportedOperationException VerifyError VirtualMachineError
    Void WrongThreadException`),
  // kotlin, kotlin.collections, kotlin.text and the others that every file imports
  Kotlin: words(`
    Annotation Any Array ArrayDeque ArrayList Boolean BooleanArray Byte ByteArray Char CharArray CharRange CharSequence
    Charsets ClosedRange Collection Comparable Comparator Deprecated Double DoubleArray Enum Error Exception Float
    FloatArray Function Grouping HashMap HashSet IndexedValue Int IntArray IntRange Iterable Iterator KotlinVersion Lazy
    LinkedHashMap LinkedHashSet List ListIterator Long LongArray LongRange Map MatchGroup MatchResult MutableList
    MutableMap MutableSet Nothing Number Pair RandomAccess Regex RegexOption Result Sequence Set Short ShortArray String
    StringBuilder Suppress Synchronized Throwable Throws Triple Typography UByte UInt ULong UShort Unit Volatile`),
  // prelude of edition 2024, and the types of std that everyone imports
  Rust: words(`
    AsMut AsRef AsyncFn AsyncFnMut AsyncFnOnce Box Clone Copy Debug Default DoubleEndedIterator Drop Eq Err
    ExactSizeIterator Extend Fn FnMut FnOnce From FromIterator Future Hash Into IntoFuture IntoIterator Iterator None Ok
    Option Ord PartialEq PartialOrd Result Send Sized Some String Sync ToOwned ToString TryFrom TryInto Unpin Vec`),
  // docs.python.org/3/library/functions.html and exceptions.html: names with a capital
  Python: words(`
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
    BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
    ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup
    False FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError
    ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError
    MemoryError ModuleNotFoundError NameError None NotADirectoryError NotImplemented NotImplementedError OSError
    OverflowError PendingDeprecationWarning PermissionError ProcessLookupError RecursionError ReferenceError
    ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError
    SystemExit TabError TimeoutError True TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
    UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ZeroDivisionError`),
  // Constants and classes at the top of Ruby's Object
  Ruby: words(`
    ARGF ARGV Array BasicObject Binding Class Comparable Complex Data Dir ENV Encoding Enumerable Enumerator Errno
    Exception FalseClass Fiber File Float GC Hash IO Integer Kernel Marshal MatchData Math Method Module Mutex NilClass
    Numeric Object ObjectSpace Proc Process Queue Ractor Random Range Rational Regexp Set Signal String Struct Symbol
    Thread Time TracePoint TrueClass UnboundMethod Warning`),
  // google.protobuf: well-known types, and what the runtimes call their own
  protobuf: words(`
    Any Api BoolValue BytesValue Descriptor DoubleValue Duration Empty Enum EnumValue Field FieldMask FloatValue
    Int32Value Int64Value ListValue Message MessageLite Method Mixin NullValue Option Parser Reflection SourceContext
    StringValue Struct Syntax Timestamp Type UInt32Value UInt64Value UnknownFieldSet Value`),
};

/** Swift puts all of them into one namespace: the prefix is what keeps them apart. */
export const swiftStandardTypes: ReadonlySet<string> = words(`
  Any AnyObject Array Bool Character Codable Collection Comparable Data Date Decodable Dictionary Double Duration Encodable
  Equatable Error Float Hashable Identifiable Int Int32 Int64 Iterator Mirror Never Notification Operation Optional Range
  Result Sendable Sequence Set Signal SignalProtocol State String Substring Task Timer UInt UInt32 UUID Void`);

/** Methods that a client object already has: Ruby's Object, Windows' macros, members of generated clients. */
export const rpcWords: ReadonlySet<string> = words(`
  Send Method Methods Display Freeze Hash Inspect Tap Then Clone Dup Class Extend
  SendMessage PostMessage GetMessage CreateEvent CreateFile CreateProcess GetObject DeleteFile GetCurrentTime
  Equals ToString GetHashCode GetType Close Build`);
