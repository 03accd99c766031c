//! A backend that takes OTLP over HTTP, and answers as a test wants it.

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How the backend answers a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// It takes everything.
    Take,
    /// It takes all but so many, and says why.
    TakeBut(i64, &'static str),
    /// A status, headers, and what it says.
    Status(u16, &'static str, &'static str),
    /// The connection breaks before anything is taken.
    Cut,
    /// Everything is taken, and then the connection breaks.
    TakeAndCut,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, unpacked.
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn decoded(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(self.body.as_slice()).unwrap()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let of_request = self.decoded().resource_spans.into_iter();
        of_request
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }

    /// What each of its resources calls the project.
    pub(crate) fn projects(&self) -> Vec<String> {
        let resources = self.decoded().resource_spans.into_iter();
        resources
            .filter_map(|spans| text(&spans.resource?.attributes, "openinference.project.name"))
            .collect()
    }
}

/// An attribute that is a text.
pub(crate) fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

type Script = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// A backend on a port of its own.
pub(crate) struct Backend {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    taken: Arc<Mutex<Vec<Request>>>,
    script: Arc<Mutex<Arc<Script>>>,
}

impl Backend {
    /// A backend that answers by a script: what number of request it is, from
    /// 0, and the request.
    pub(crate) fn start(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let backend = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            taken: Arc::default(),
            script: Arc::new(Mutex::new(Arc::new(script))),
        };
        let (seen, taken, script) = (
            Arc::clone(&backend.seen),
            Arc::clone(&backend.taken),
            Arc::clone(&backend.script),
        );
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (seen, taken, script) =
                    (Arc::clone(&seen), Arc::clone(&taken), Arc::clone(&script));
                std::thread::spawn(move || serve(connection, &seen, &taken, &script));
            }
        });
        backend
    }

    /// Answers by another script from now on.
    pub(crate) fn change(&self, script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// Every request that came, whatever became of it.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests that were taken.
    pub(crate) fn taken(&self) -> Vec<Request> {
        self.taken.lock().unwrap().clone()
    }

    /// The spans that were taken, each as often as it was.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.taken().iter().flat_map(Request::spans).collect()
    }
}

fn serve(
    connection: TcpStream,
    seen: &Mutex<Vec<Request>>,
    taken: &Mutex<Vec<Request>>,
    script: &Mutex<Arc<Script>>,
) {
    let mut writer = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    while let Some(request) = read(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let script = Arc::clone(&script.lock().unwrap());
        let reply = script(number, &request);
        if matches!(reply, Reply::Take | Reply::TakeBut(..) | Reply::TakeAndCut) {
            taken.lock().unwrap().push(request);
        }
        let partial = |rejected_spans, error_message: &str| ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans,
                error_message: error_message.to_owned(),
            }),
        };
        let answered = match reply {
            Reply::Cut | Reply::TakeAndCut => return,
            Reply::Take => answer(&mut writer, 200, "", &[]),
            Reply::TakeBut(rejected, why) => answer(
                &mut writer,
                200,
                "",
                &partial(rejected, why).encode_to_vec(),
            ),
            Reply::Status(status, headers, said) => {
                answer(&mut writer, status, headers, said.as_bytes())
            }
        };
        if answered.is_err() {
            return;
        }
    }
}

fn answer(writer: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        writer,
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n"
    )?;
    writer.write_all(body)?;
    writer.flush()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
            None => break,
        }
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut packed = vec![0; length];
    reader.read_exact(&mut packed).ok()?;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let mut body = Vec::new();
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut body)
        .ok()?;
    Some(Request { headers, body })
}
