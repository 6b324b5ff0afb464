import ArgumentParser

/// How a command speaks.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON: one document, or a line for each element of a list.")
    var json = false
    @Flag(name: .shortAndLong, help: "Say nothing but data and errors.")
    var quiet = false
    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false
}
