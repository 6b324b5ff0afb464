import Glibc
import NightdropFiles
import NightdropFormats

/// What a command says, and where: data on standard output, everything else on standard error.
struct Console {
    /// Standard output.
    let out = Output()
    /// Colours for standard output.
    let style = Style(descriptor: STDOUT_FILENO)
    /// Whether data is JSON.
    let isJSON: Bool
    /// Whether to say nothing but data and errors.
    let isQuiet: Bool
    /// Whether to say more.
    let isVerbose: Bool

    init(_ options: OutputOptions) {
        isJSON = options.json
        isQuiet = options.quiet
        isVerbose = options.verbose
    }

    /// The result of a command in words; nothing with `--json`, where the data says it, or with `--quiet`.
    func say(_ text: String) throws(FileError) {
        if !isJSON && !isQuiet { try out.line(text) }
    }

    /// Something to know beside the result.
    func note(_ text: String) {
        if !isQuiet { Console.error(text) }
    }

    /// Something to know for whoever asked for more.
    func detail(_ text: String) {
        if isVerbose && !isQuiet { Console.error(text) }
    }

    /// A line on standard error. That nobody reads it is no reason to stop.
    static func error(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 { start += written } else if errno != EINTR { return }
        }
    }
}
