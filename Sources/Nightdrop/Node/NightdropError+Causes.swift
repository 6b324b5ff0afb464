import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropStore

extension NightdropError {
    /// Any error of the modules below, with the exit status that it calls for.
    init(_ error: any Error) {
        switch error {
        case let error as NightdropError: self = error
        case let error as JournalError where error.kind == .noSpace:
            self.init(.inputOutput, "\(error.description); make room there, then run this again")
        case let error as JournalError: self.init(NightdropError.kind(error.kind), error.description)
        case let error as StoreError: self.init(error.kind == .busy ? .tryAgain : .inputOutput, error.message)
        case let error as FileError: self.init(NightdropError.kind(error.kind), error.description)
        case let error as BundleError: self.init(Kind(rawValue: error.status) ?? .refused, error.description)
        case let error as SettingsError: self.init(.badSettings, error.description)
        case let error as PolicyError: self.init(.badSettings, error.description)
        case let error as SignatureError: self.init(.badSettings, error.description)
        default: self.init(.inputOutput, "\(error)")
        }
    }

    /// Any error of the library's parts, with the exit status that it calls for.
    public init(any error: any Error) { self.init(error) }

    /// Runs `body` and turns whatever it throws into an error of the library.
    static func attempt<Answer>(_ body: () throws -> Answer) throws(NightdropError) -> Answer {
        do { return try body() } catch { throw NightdropError(error) }
    }

    private static func kind(_ kind: JournalError.Kind) -> Kind {
        switch kind {
        case .refused: .refused
        case .missing: .notFound
        case .notPermitted: .cannotCreate
        case .damaged, .mismatch, .noSpace, .inputOutput: .inputOutput
        }
    }

    private static func kind(_ kind: FileError.Kind) -> Kind {
        switch kind {
        case .notFound: .notFound
        case .exists, .notPermitted: .cannotCreate
        case .locked: .tryAgain
        case .noSpace, .inputOutput: .inputOutput
        }
    }
}
