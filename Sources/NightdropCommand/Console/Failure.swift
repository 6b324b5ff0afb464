import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropStore

/// An error as the command line shows it: an exit status of sysexits.h, and a plain sentence.
struct Failure {
    let status: Int32
    let message: String

    init(_ error: any Error) {
        status = Failure.kind(error).rawValue
        message = "\(error)"
    }

    private static func kind(_ error: any Error) -> NightdropError.Kind {
        switch error {
        case let error as NightdropError: error.kind
        case let error as FileError: kind(error)
        case let error as JournalError: kind(error)
        case let error as BundleError: NightdropError.Kind(rawValue: error.status) ?? .refused
        case let error as ArchiveError: error.kind == .truncated ? .tryAgain : .refused
        case let error as StoreError: kind(error)
        case is PolicyError, is SettingsError: .badSettings
        case is SignatureError: .notPermitted
        case is InputError, is DraftError, is EnrollmentError, is JSONError, is SegmentError, is ManifestError,
            is GzipError:
            .refused
        default: .inputOutput
        }
    }

    private static func kind(_ error: FileError) -> NightdropError.Kind {
        switch error.kind {
        case .notFound: .notFound
        case .exists, .notPermitted: .cannotCreate
        case .locked: .tryAgain
        case .noSpace, .inputOutput: .inputOutput
        }
    }

    private static func kind(_ error: JournalError) -> NightdropError.Kind {
        switch error.kind {
        case .refused, .damaged: .refused
        case .missing: .notFound
        case .mismatch: .badSettings
        case .notPermitted: .cannotCreate
        case .noSpace, .inputOutput: .inputOutput
        }
    }

    private static func kind(_ error: StoreError) -> NightdropError.Kind {
        switch error.kind {
        case .busy: .tryAgain
        case .full, .disk, .failed: .inputOutput
        case .damaged: .refused
        }
    }
}
