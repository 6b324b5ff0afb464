import NightdropFiles
import NightdropFormats

extension BundleError {
    /// The error behind a failure while `file` was read.
    init(reading file: String, _ cause: any Error) {
        self.init(file: file, cause) { $0 == .notFound ? .notFound : .inputOutput }
    }

    /// The error behind a failure while `file` was written.
    init(writing file: String, _ cause: any Error) {
        self.init(file: file, cause) { kind in
            switch kind {
            case .notFound, .exists, .notPermitted: .cannotCreate
            case .noSpace, .locked, .inputOutput: .inputOutput
            }
        }
    }

    /// The error behind a failure while `file`, which is there, was copied and checked.
    init(taking file: String, _ cause: any Error) {
        self.init(file: file, cause) { _ in .inputOutput }
    }

    /// A file that is something else altogether.
    init(noBundle file: String, _ reason: String) {
        let isCalledSo = BundleName.isBundle(Path.name(of: file))
        self.init(
            .malformed, file: file,
            "it is no bundle: \(reason)" + (isCalledSo ? "" : "; bundles are called ….nightdrop.tar"))
    }

    private init(file: String, _ cause: any Error, code: (FileError.Kind) -> Code) {
        switch cause {
        case let error as BundleError: self = error
        case let error as FileError:
            let advice = error.isTooLarge ? "; in parts it goes there, by --max-size 4000M or less" : ""
            let isSame = error.path == file || error.path == file + ".partial"
            let words = isSame ? "cannot \(error.operation) it: \(error.reason)" : error.description
            self.init(code(error.kind), file: file, words + advice)
        case let error as ArchiveError where error.kind == .notTar: self.init(noBundle: file, error.reason)
        case let error as ArchiveError:
            self.init(Code(error.kind), file: file, entry: error.entry, error.reason)
        case let error as ManifestError:
            self.init(Code(error.kind), file: file, entry: BundleHead.manifestName, error.reason)
        default: self.init(.inputOutput, file: file, "\(cause)")
        }
    }
}

extension BundleError.Code {
    fileprivate init(_ kind: ArchiveError.Kind) {
        self =
            switch kind {
            case .notTar, .badEntry: .malformed
            case .truncated: .incomplete
            case .damaged, .trailingData: .damaged
            case .tooManyEntries: .limit
            }
    }

    fileprivate init(_ kind: ManifestError.Kind) {
        self =
            switch kind {
            case .malformed: .malformed
            case .unknownFormat: .unknownFormat
            case .unknownCapability: .unknownCapability
            }
    }
}
