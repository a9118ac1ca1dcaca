//! A concrete array: immutable, cheap to clone, a view of a shared buffer.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::kernels::copy::{copy_bytes, copy_tensor};
use crate::layout::{self, Layout, Shape};

/// A concrete array of one element type.
///
/// A tensor of rank 0 is stored inline, without an allocation.
#[derive(Clone)]
pub struct Tensor {
    dtype: DType,
    data: Data,
}

#[derive(Clone)]
enum Data {
    /// The bytes of the one element of a tensor of rank 0.
    Scalar(Inline),
    Dense(Arc<Dense>),
    /// What a loop recorded, one entry for each iteration.
    Stack(Arc<Vec<Tensor>>),
}

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(8))]
struct Inline([u8; 16]);

struct Dense {
    layout: Layout,
    store: Store,
}

/// Where the elements are. What is computed has its buffer to itself, and views share it with the
/// tensor that they are views of, so that a result takes one allocation beside its elements.
enum Store {
    Own(Buffer),
    /// Those of another tensor, which has its own.
    Of(Arc<Dense>),
}

impl Dense {
    #[inline]
    fn buffer(&self) -> &Buffer {
        match &self.store {
            Store::Own(buffer) => buffer,
            Store::Of(base) => base.buffer(),
        }
    }

    /// The elements, to be shared with another tensor.
    fn shared(self: &Arc<Dense>) -> Store {
        match &self.store {
            Store::Own(_) => Store::Of(self.clone()),
            Store::Of(base) => Store::Of(base.clone()),
        }
    }
}

impl Tensor {
    /// A tensor of rank 0.
    #[inline]
    pub fn scalar<T: Element>(value: T) -> Tensor {
        let mut bytes = Inline([0; 16]);
        let source = bytemuck::bytes_of(&value);
        bytes.0[..source.len()].copy_from_slice(source);
        Tensor { dtype: T::DTYPE, data: Data::Scalar(bytes) }
    }

    /// A tensor of rank 0 from the bytes of its element.
    #[inline]
    pub fn scalar_from_bytes(dtype: DType, source: &[u8]) -> Tensor {
        let mut bytes = Inline([0; 16]);
        bytes.0[..dtype.size()].copy_from_slice(&source[..dtype.size()]);
        Tensor { dtype, data: Data::Scalar(bytes) }
    }

    /// A tensor of rank 0 whose element is the first of these bytes, as many as it has.
    #[inline(always)]
    pub(crate) fn scalar_in(dtype: DType, bytes: [u8; 16]) -> Tensor {
        Tensor { dtype, data: Data::Scalar(Inline(bytes)) }
    }

    /// A tensor with the given elements, in row-major order.
    ///
    /// # Panics
    /// If `shape` does not hold exactly `values.len()` elements.
    pub fn from_slice<T: Element>(values: &[T], shape: &[usize]) -> Result<Tensor> {
        assert_eq!(values.len(), layout::count(shape), "elements of shape {shape:?}");
        match (values, shape) {
            ([value], []) => Ok(Tensor::scalar(*value)),
            _ => Ok(Tensor::from_buffer(T::DTYPE, shape, Buffer::from_slice(values)?)),
        }
    }

    /// A tensor over a buffer that holds its elements in row-major order.
    ///
    /// # Panics
    /// If the buffer is not of the size that shape and dtype need.
    #[inline]
    pub fn from_buffer(dtype: DType, shape: &[usize], buffer: Buffer) -> Tensor {
        assert_eq!(buffer.bytes().len(), layout::count(shape) * dtype.size(), "bytes of {shape:?}");
        if shape.is_empty() {
            return Tensor::scalar_from_bytes(dtype, buffer.bytes());
        }
        Tensor::dense(dtype, Layout::contiguous(shape), Store::Own(buffer))
    }

    fn dense(dtype: DType, layout: Layout, store: Store) -> Tensor {
        Tensor { dtype, data: Data::Dense(Arc::new(Dense { layout, store })) }
    }

    /// A tensor whose every element is that of the scalar given; it takes the space of one.
    pub fn full(shape: &[usize], value: &Tensor) -> Result<Tensor> {
        value.broadcast(shape, &[])
    }

    /// A tensor of zeros, which takes the space of one element.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Tensor> {
        Tensor::full(shape, &Tensor::scalar_from_bytes(dtype, &[0; 16]))
    }

    /// A list of tensors as one value of type `DType::Stack`.
    pub fn stack(entries: Vec<Tensor>) -> Tensor {
        Tensor { dtype: DType::Stack, data: Data::Stack(Arc::new(entries)) }
    }

    /// The entries of a stack, if this is one.
    pub fn stack_entries(&self) -> Option<&[Tensor]> {
        match &self.data {
            Data::Stack(entries) => Some(entries),
            _ => None,
        }
    }

    /// The type of the elements.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes of the axes.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        match &self.data {
            Data::Dense(dense) => &dense.layout.shape,
            _ => &[],
        }
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    #[inline]
    pub fn count(&self) -> usize {
        layout::count(self.shape())
    }

    /// Where the elements lie in [`Tensor::buffer_bytes`].
    pub fn layout(&self) -> Layout {
        match &self.data {
            Data::Dense(dense) => dense.layout.clone(),
            _ => Layout::contiguous(&[]),
        }
    }

    /// Whether the elements lie one after another in row-major order.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        match &self.data {
            Data::Dense(dense) => dense.layout.is_contiguous(),
            _ => true,
        }
    }

    /// Whether all elements are the same one in memory.
    #[inline]
    pub(crate) fn is_repeated(&self) -> bool {
        match &self.data {
            Data::Dense(dense) => {
                let Layout { shape, strides, .. } = &dense.layout;
                shape.iter().zip(strides).all(|(&size, &stride)| size == 1 || stride == 0)
            }
            _ => true,
        }
    }

    /// All bytes of the buffer that this tensor is a view of; a layout says which are its own.
    #[inline]
    pub fn buffer_bytes(&self) -> &[u8] {
        match &self.data {
            Data::Scalar(bytes) => &bytes.0[..self.dtype.size()],
            Data::Dense(dense) => dense.buffer().bytes(),
            Data::Stack(_) => &[],
        }
    }

    /// The buffer as elements of type `T`.
    ///
    /// # Panics
    /// If `T` does not have the size of the elements.
    pub fn buffer_slice<T: Element>(&self) -> &[T] {
        bytemuck::cast_slice(self.buffer_bytes())
    }

    /// The bytes of the elements in row-major order, if they lie so.
    #[inline]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.data {
            Data::Scalar(bytes) => Some(&bytes.0[..self.dtype.size()]),
            Data::Dense(dense) if dense.layout.is_contiguous() => {
                let size = self.dtype.size();
                let start = dense.layout.offset * size;
                Some(&dense.buffer().bytes()[start..start + dense.layout.count() * size])
            }
            _ => None,
        }
    }

    /// The elements in row-major order, if they lie so and have type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.dtype {
            return None;
        }
        self.bytes().map(bytemuck::cast_slice)
    }

    /// The elements in row-major order, copied.
    ///
    /// # Panics
    /// If `T` is not the type of the elements.
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        assert_eq!(T::DTYPE, self.dtype);
        if let Some(slice) = self.as_slice() {
            return slice.to_vec();
        }
        let mut values = Vec::with_capacity(self.count());
        let source = self.buffer_slice::<T>();
        let layout = self.layout();
        let (row, stride) = innermost(&layout);
        layout.for_each_row(|at| {
            values.extend((0..row).map(|i| source[(at as isize + i as isize * stride) as usize]))
        });
        values
    }

    /// The one element of a tensor of one element.
    #[inline]
    pub fn item<T: Element>(&self) -> Option<T> {
        if T::DTYPE != self.dtype || self.count() != 1 {
            return None;
        }
        let at = match &self.data {
            Data::Dense(dense) => dense.layout.offset,
            _ => 0,
        };
        Some(self.buffer_slice::<T>()[at])
    }

    /// The same elements one after another in row-major order.
    pub fn contiguous(&self) -> Result<Tensor> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        let mut buffer = Buffer::new(self.dtype, self.count())?;
        self.copy_to(buffer.bytes_mut());
        Ok(Tensor::from_buffer(self.dtype, self.shape(), buffer))
    }

    /// Writes the elements in row-major order to `target`.
    pub fn copy_to(&self, target: &mut [u8]) {
        match self.bytes() {
            Some(bytes) => copy_bytes(bytes, target),
            None => copy_tensor(self, target, 0, &layout::row_major(self.shape())),
        }
    }

    /// The buffer, if no one else holds it and it holds just these elements in row-major order, in
    /// memory of ours.
    pub fn into_buffer(self) -> std::result::Result<Buffer, Tensor> {
        let Tensor { dtype, data } = self;
        let dense = match data {
            Data::Dense(dense) => dense,
            data => return Err(Tensor { dtype, data }),
        };
        if dense.layout.offset != 0
            || !dense.layout.is_contiguous()
            || dense.layout.count() * dtype.size() != dense.buffer().bytes().len()
            || dense.buffer().is_borrowed()
        {
            return Err(Tensor { dtype, data: Data::Dense(dense) });
        }
        let (layout, base) = match Arc::try_unwrap(dense) {
            Err(dense) => return Err(Tensor { dtype, data: Data::Dense(dense) }),
            Ok(Dense { store: Store::Own(buffer), .. }) => return Ok(buffer),
            Ok(Dense { layout, store: Store::Of(base) }) => (layout, base),
        };
        match Arc::try_unwrap(base) {
            Ok(Dense { store: Store::Own(buffer), .. }) => Ok(buffer),
            // A base that no one else holds has its own buffer.
            Ok(Dense { store: Store::Of(base), .. }) | Err(base) => {
                Err(Tensor::dense(dtype, layout, Store::Of(base)))
            }
        }
    }

    fn view(&self, f: impl FnOnce(&Layout) -> Layout) -> Result<Tensor> {
        let (layout, store) = match &self.data {
            Data::Dense(dense) => (f(&dense.layout), dense.shared()),
            Data::Scalar(bytes) => {
                let layout = f(&Layout::contiguous(&[]));
                if layout.shape.is_empty() {
                    return Ok(self.clone());
                }
                let mut buffer = Buffer::new(self.dtype, 1)?;
                buffer.bytes_mut().copy_from_slice(&bytes.0[..self.dtype.size()]);
                (layout, Store::Own(buffer))
            }
            Data::Stack(_) => return Ok(self.clone()),
        };
        let dense = Dense { layout, store };
        if dense.layout.shape.is_empty() {
            let bytes = &dense.buffer().bytes()[dense.layout.offset * self.dtype.size()..];
            return Ok(Tensor::scalar_from_bytes(self.dtype, bytes));
        }
        Ok(Tensor { dtype: self.dtype, data: Data::Dense(Arc::new(dense)) })
    }

    /// A view with the axes in the order of `permutation`.
    pub fn transpose(&self, permutation: &[usize]) -> Result<Tensor> {
        self.view(|layout| layout.transpose(permutation))
    }

    /// A view in which axis `i` is axis `axes[i]` of `shape`, repeated along all others.
    pub fn broadcast(&self, shape: &[usize], axes: &[usize]) -> Result<Tensor> {
        if layout::checked_count(shape).is_none() {
            let elements = shape.iter().fold(1u128, |all, &size| all.saturating_mul(size as u128));
            return Err(Error::TooLarge { elements, dtype: self.dtype });
        }
        self.view(|layout| layout.broadcast(shape, axes))
    }

    /// A view of elements `start..limit` of every axis, in steps of `step`.
    pub fn slice(&self, start: &[usize], limit: &[usize], step: &[usize]) -> Result<Tensor> {
        self.view(|layout| layout.slice(start, limit, step))
    }

    /// A view of entry `index` along `axis`, without that axis.
    pub fn index(&self, axis: usize, index: usize) -> Result<Tensor> {
        self.view(|layout| {
            let mut result = layout.clone();
            result.offset =
                (layout.offset as isize + index as isize * layout.strides[axis]) as usize;
            result.shape.remove(axis);
            result.strides.remove(axis);
            if result.count() == 0 {
                result.offset = 0;
            }
            result
        })
    }

    /// A view with the given axes reversed.
    pub fn reverse(&self, axes: &[usize]) -> Result<Tensor> {
        self.view(|layout| layout.reverse(axes))
    }

    /// The same elements, in row-major order, under another shape of as many elements.
    pub fn reshape(&self, shape: &[usize]) -> Result<Tensor> {
        debug_assert_eq!(layout::count(shape), self.count());
        if let Some(layout) = self.layout().reshape(shape) {
            return self.view(|_| layout);
        }
        self.contiguous()?.reshape(shape)
    }

    /// The same bytes read as another type of the same size.
    ///
    /// # Panics
    /// If the sizes differ.
    pub fn bitcast(&self, dtype: DType) -> Tensor {
        assert_eq!(dtype.size(), self.dtype.size());
        Tensor { dtype, data: self.data.clone() }
    }

    /// The same bytes, in row-major order, read as elements of another type and shape: where they
    /// lie, if they lie together where the other elements can.
    ///
    /// # Panics
    /// If the number of bytes differs.
    pub fn reinterpret(&self, dtype: DType, shape: &[usize]) -> Result<Tensor> {
        if dtype.size() == self.dtype.size() {
            return self.bitcast(dtype).reshape(shape);
        }
        if let Data::Dense(dense) = &self.data
            && self.is_contiguous()
            && !shape.is_empty()
        {
            let (bytes, size) = (dense.buffer().bytes(), dtype.size().max(1));
            let at = dense.layout.offset * self.dtype.size();
            let is_aligned = [bytes.as_ptr().addr(), bytes.len(), at];
            if is_aligned.iter().all(|n| n.is_multiple_of(size)) {
                let layout = Layout { offset: at / size, ..Layout::contiguous(shape) };
                return Ok(Tensor::dense(dtype, layout, dense.shared()));
            }
        }
        let mut buffer = Buffer::new(dtype, layout::count(shape))?;
        self.copy_to(buffer.bytes_mut());
        Ok(Tensor::from_buffer(dtype, shape, buffer))
    }
}

/// Length and stride of the innermost rows; a tensor of rank 0 is one row of one element.
pub fn innermost(layout: &Layout) -> (usize, isize) {
    match (layout.shape.last(), layout.strides.last()) {
        (Some(&row), Some(&stride)) => (row, stride),
        _ => (1, 1),
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: SmallVec<[usize; 4]> = Shape::from(self.shape());
        write!(f, "Tensor({:?}{:?})", self.dtype, &shape[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_share_and_read_in_order() {
        let x = Tensor::from_slice(&[1i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
        assert_eq!(x.transpose(&[1, 0]).unwrap().to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
        assert_eq!(x.reverse(&[1]).unwrap().to_vec::<i32>(), [3, 2, 1, 6, 5, 4]);
        assert_eq!(x.slice(&[0, 0], &[2, 3], &[1, 2]).unwrap().to_vec::<i32>(), [1, 3, 4, 6]);
        assert_eq!(
            x.transpose(&[1, 0]).unwrap().reshape(&[6]).unwrap().to_vec::<i32>(),
            [1, 4, 2, 5, 3, 6]
        );
        assert_eq!(x.index(0, 1).unwrap().to_vec::<i32>(), [4, 5, 6]);
        assert_eq!(x.index(0, 1).unwrap().index(0, 2).unwrap().item::<i32>(), Some(6));
    }

    #[test]
    fn bytes_are_read_as_elements_of_another_size() {
        let x = Tensor::from_slice(&(0..24).collect::<Vec<u8>>(), &[6, 4]).unwrap();
        let word = |first: u32| u32::from_ne_bytes([0, 1, 2, 3].map(|n| (first + n) as u8));
        let y = x.reinterpret(DType::U32, &[6]).unwrap();
        assert_eq!(y.to_vec::<u32>(), [0, 4, 8, 12, 16, 20].map(word));
        assert_eq!(y.reinterpret(DType::U8, &[2, 12]).unwrap().to_vec::<u8>(), x.to_vec::<u8>());
        // Part of it, where words can lie and where not, and what does not lie together.
        let rows = x.slice(&[1, 0], &[5, 4], &[1, 1]).unwrap();
        let y = rows.reinterpret(DType::U32, &[2, 2]).unwrap();
        assert_eq!(y.to_vec::<u32>(), [4, 8, 12, 16].map(word));
        let flat = x.reshape(&[24]).unwrap();
        let y = flat.slice(&[3], &[11], &[1]).unwrap().reinterpret(DType::U64, &[1]).unwrap();
        assert_eq!(y.to_vec::<u64>(), [u64::from_ne_bytes([3, 4, 5, 6, 7, 8, 9, 10])]);
        let y = x.reverse(&[0]).unwrap().reinterpret(DType::U32, &[3, 2]).unwrap();
        assert_eq!(y.to_vec::<u32>(), [20, 16, 12, 8, 4, 0].map(word));
        assert_eq!(
            x.index(0, 1).unwrap().reinterpret(DType::U32, &[]).unwrap().item(),
            Some(word(4))
        );
        let nothing = Tensor::zeros(DType::U32, &[0, 2]).unwrap();
        assert_eq!(nothing.reinterpret(DType::KeyThreefry, &[0]).unwrap().shape(), [0]);
    }

    #[test]
    fn a_shared_buffer_is_not_given_away() {
        let x = Tensor::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
        let y = x.clone();
        let x = x.into_buffer().err().unwrap();
        drop(y);
        assert!(x.into_buffer().is_ok());
    }

    #[test]
    fn the_last_view_of_a_buffer_gives_it_away() {
        let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[4]).unwrap();
        let start = x.buffer_bytes().as_ptr();
        let y = x.reshape(&[2, 2]).unwrap();
        let z = y.reshape(&[4, 1]).unwrap();
        drop(y);
        let z = z.into_buffer().err().expect("x holds it");
        drop(x);
        assert_eq!(z.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(z.into_buffer().unwrap().bytes().as_ptr(), start);
    }

    #[test]
    fn rank_zero_becomes_any_shape() {
        let x = Tensor::full(&[2, 2], &Tensor::scalar(7u8)).unwrap();
        assert_eq!(x.to_vec::<u8>(), [7; 4]);
        assert_eq!(Tensor::zeros(DType::F64, &[0, 3]).unwrap().count(), 0);
    }
}
